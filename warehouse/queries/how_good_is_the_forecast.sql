-- question: How well would we have foretold the last half year, and better than by repeating the one before?
-- parameters: {}
-- tables: [main.potential_backtest]
-- sources:
--   orders: orders
-- example: c360 ask how_good_is_the_forecast
SELECT
    currency_code, as_of_date, customer_count, actual_amount, foretold_amount, naive_amount, mean_absolute_error,
    naive_mean_absolute_error, interval_share, reason
FROM main.potential_backtest
ORDER BY customer_count DESC, currency_code
