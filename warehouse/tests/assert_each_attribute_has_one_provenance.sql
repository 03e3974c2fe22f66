{{ standing_twice(ref('attribute_provenance'), ['customer_id', 'attribute_name']) }}
