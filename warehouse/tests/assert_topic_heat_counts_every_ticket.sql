select counted.tickets
from (select coalesce(sum(ticket_count), 0) as tickets from {{ ref('topic_heat') }}) as counted
cross join (select count(*) as tickets from {{ ref('fct_ticket') }}) as held
where counted.tickets <> held.tickets
