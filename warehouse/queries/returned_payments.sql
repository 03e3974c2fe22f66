-- question: Whose payments were returned by the bank, and was the order paid after all?
-- parameters:
--   days: {type: INTEGER, default: 90, meaning: days before the snapshot}
-- tables: [main.fct_payment, main.fct_order, ops.snapshot]
-- sources:
--   payments: payments
--   orders: what they were for
-- example: c360 ask returned_payments --param days=30
SELECT
    payment.occurred_at, payment.customer_id, payment.method, payment.instrument_ref, payment.amount,
    payment.currency_code, payment.order_id, sale.paid_at
FROM main.fct_payment AS payment
CROSS JOIN ops.snapshot AS snapshot
LEFT JOIN main.fct_order AS sale USING (order_key)
WHERE payment.status = 'returned' AND payment.occurred_at >= snapshot.snapshot_at - to_days($days)
ORDER BY payment.occurred_at DESC, payment.payment_key
