-- New cases from the second quarter on.
SELECT disease, COUNT(DISTINCT pid) AS people
FROM guest.first_diagnosis
WHERE since >= 202404
GROUP BY disease
