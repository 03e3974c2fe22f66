select * from {{ rules_file('statement_rules', {
    'rule_id': 'VARCHAR', 'language': 'VARCHAR', 'reads': 'VARCHAR', 'direction': 'VARCHAR', 'speaker': 'VARCHAR',
    'statement_type': 'VARCHAR', 'topic': 'VARCHAR', 'action': 'VARCHAR', 'effect': 'VARCHAR', 'about': 'VARCHAR', 'value': 'VARCHAR', 'pattern': 'VARCHAR',
    'confidence': 'DOUBLE', 'example': 'VARCHAR', 'counter_example': 'VARCHAR',
}) }}
