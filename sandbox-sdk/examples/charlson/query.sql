-- People by band of the index, and its mean in each.
SELECT band, COUNT(DISTINCT pid) AS people, AVG(score) AS score
FROM guest.charlson
GROUP BY band
