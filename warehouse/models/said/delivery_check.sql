-- Parcels against the wishes that were known when they were shipped. What a parcel does not tell is unknown, never kept.
{% set places = var('delivery_places') %}
{% set hours = var('hours_from_utc') %}
with zones as (
    {% for country, range in hours.items() -%}
    select '{{ country }}' as country, {{ range[0] }} as least_hours, {{ range[1] }} as most_hours
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

places as (
    {% for wish, found in places.items() -%}
    select '{{ wish }}' as wish, {{ found.met_by }}::varchar[] as met_by, {{ found.cannot_tell }}::varchar[] as cannot_tell
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- What is wished for one order outweighs what is wished for all.
wishes_of_parcels as (
    select preference.*, parcel.* exclude (customer_id, order_id)
    from {{ ref('delivery_preference') }} as preference
    inner join {{ ref('fct_shipment') }} as parcel
        on parcel.customer_id = preference.customer_id and coalesce(parcel.order_id = preference.order_id, preference.order_id is null)
    where
        parcel.status is distinct from 'voided' and preference.known_at < parcel.shipped_at
        and coalesce(preference.ended_at >= parcel.shipped_at, true)
    qualify rank() over (partition by parcel.shipment_key, preference.aspect order by preference.order_id is null) = 1
),

compared as (
    select
        parcel.*,
        case aspect
            when 'carrier' then {{ spoken_words('carrier') }}
            when 'service' then service_level
            when 'place' then delivery_place
            -- The day is known when it is the same on every clock of the country.
            when 'day'
                then case
                    when
                        (delivered_at + to_hours(least_hours))::date = (delivered_at + to_hours(most_hours))::date
                        then lower(dayname(delivered_at + to_hours(least_hours)))
                end
        end as found,
        case
            when found is null or found = 'other' or coalesce(list_contains(cannot_tell, found), false) then null
            when is_wanted then list_contains(coalesce(met_by, [parcel.wish]), found)
            else found = parcel.wish
        end as is_as_named
    from wishes_of_parcels as parcel
    left join zones on zones.country = upper(parcel.country)
    left join places on parcel.aspect = 'place' and places.wish = parcel.wish
    where parcel.wish <> 'any'
),

-- Of several places named in the same breath one is enough.
judged as (
    select
        *,
        case
            when not is_wanted then is_as_named
            when bool_or(is_as_named) over of_parcel then true
            when count(*) over of_parcel = count(is_as_named) over of_parcel then false
        end as is_met
    from compared
    window of_parcel as (partition by shipment_key, aspect, is_wanted)
)

select
    shipment_key || '#' || statement_id as delivery_check_id,
    shipment_key,
    customer_id,
    statement_id,
    aspect,
    is_wanted,
    wish,
    found,
    case when is_met is null then 'unknown' when is_met = is_wanted then 'kept' else 'against' end as verdict,
    known_at,
    shipped_at,
    if(status = 'returned', coalesce(source_updated_at, loaded_at), null) as returned_at
from judged
-- By customer, so that a reader of one customer reads one part of the table.
order by customer_id
