select counted.interactions
from (select coalesce(sum(interaction_count), 0) as interactions from {{ ref('contact_map') }}) as counted
cross join (select count(*) as interactions from {{ ref('interaction') }}) as held
where counted.interactions <> held.interactions
