{{ standing_twice(ref('contact_point'), ['customer_id', 'contact_point_type', 'value']) }}
