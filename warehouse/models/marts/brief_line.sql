-- Empty here: the macros of the brief fill it once they are there (warehouse/brief_lines.py), so that a line is worded in
-- one place, whether it was made in advance or is asked for as of a past moment. They read:
-- depends_on: {{ ref('dim_customer') }}
-- depends_on: {{ ref('dim_customer_history') }}
-- depends_on: {{ ref('household_member') }}
-- depends_on: {{ ref('attribute_provenance') }}
-- depends_on: {{ ref('interaction') }}
-- depends_on: {{ ref('statement') }}
-- depends_on: {{ ref('follow_up') }}
-- depends_on: {{ ref('contradiction') }}
-- depends_on: {{ ref('dim_employee') }}
-- depends_on: {{ ref('dim_channel') }}
-- depends_on: {{ ref('fct_ticket') }}
-- depends_on: {{ ref('fct_shipment') }}
-- depends_on: {{ ref('customer_value') }}
-- depends_on: {{ ref('customer_health') }}
-- depends_on: {{ ref('relationship_type') }}
-- depends_on: {{ ref('reference_guard') }}
-- depends_on: {{ ref('lifecycle_event') }}
-- depends_on: {{ ref('ask_next') }}
-- depends_on: {{ ref('channel_preference') }}
-- depends_on: {{ ref('consent_current') }}
-- depends_on: {{ ref('delivery_preference') }}
-- depends_on: {{ ref('life_fact') }}
-- depends_on: {{ ref('snapshot') }}
select
    null::varchar as customer_id,
    null::varchar as section,
    null::bigint as place,
    null::timestamp as happened_at,
    null::varchar as what,
    null::varchar as detail,
    null::varchar as source_system,
    null::timestamp as recorded_at
where false
