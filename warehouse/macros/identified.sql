{#
  Live rows of a staged entity with the customer they belong to.

  The account a row refers to decides; a row that names no known account is its own source record (guest order,
  front-desk note). Neither known: customer_id is null and the row stays.
#}
{% macro identified(entity, own_record=true) -%}
    select
        staged.*,
        coalesce(of_account.customer_id{{ ', of_record.customer_id' if own_record }}) as customer_id
    from {{ source('staging', entity) }} as staged
    left join {{ source('identity', 'customer_crosswalk') }} as of_account
        on
            of_account.entity = 'accounts'
            and of_account.source_record_key
            = coalesce(staged.account_source, staged._source_system) || '/accounts/' || {{ escaped('staged.account_id') }}
    {%- if own_record %}
    left join {{ source('identity', 'customer_crosswalk') }} as of_record
        on
            of_record.entity = '{{ entity }}'
            and of_record.source_record_key = staged._source_system || '/{{ entity }}/' || staged._key
    {%- endif %}
    where not staged._is_deleted
{%- endmacro %}
