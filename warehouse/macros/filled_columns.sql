{# How often each column of a staged entity is filled, a row per feed and column, over the rows that are not deleted. #}
{% macro filled_columns(relation) -%}
    select _feed as feed, column_name, _row_count as row_count, filled_count
    from (
        unpivot (
            select
                _feed,
                count(*) as _row_count,
                count(columns(* exclude (
                    _feed, _source_system, _key, _row_hash, _batch_id, _batch_seq, _changed_at, _landed_at, _staged_at,
                    _is_deleted, _deleted_at
                ))) as '\0'
            from {{ relation }}
            where not _is_deleted
            group by _feed
        )
        on columns(* exclude (_feed, _row_count)) into name column_name value filled_count
    )
{%- endmacro %}
