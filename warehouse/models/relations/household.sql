select
    household_id,
    count(*) as member_count,
    -- A household is one from the day that the second of its members was known.
    list_sort(list(first_seen_at))[2] as known_since,
    bool_or(shares_address) as has_shared_address,
    bool_or(shares_email) as has_shared_email,
    bool_or(shares_phone) as has_shared_phone,
    case
        when count(*) > {{ var('household_pair_limit') }}
            then 'more than {{ var("household_pair_limit") }} members: a chain of addresses and numbers, and no family'
    end as pairs_left_out_reason
from {{ ref('household_member') }}
group by household_id
