-- Nothing is lost or doubled between staging and the facts: as many rows as staging has live ones.
{%- set facts = {
    'orders': 'fct_order', 'order_lines': 'fct_order_line', 'payments': 'fct_payment', 'shipments': 'fct_shipment',
    'tickets': 'fct_ticket', 'campaign_responses': 'fct_campaign_touch', 'web_registrations': 'fct_web_registration',
    'employees': 'dim_employee',
} %}

with compared as (
    {%- for entity, fact in facts.items() %}
    select
        '{{ entity }}' as entity,
        (select count(*) from {{ source('staging', entity) }} where not _is_deleted) as staged_rows,
        (select count(*) from {{ ref(fact) }}) as fact_rows
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from compared
where staged_rows != fact_rows
