-- Episodes and how long they are, by sex. The guest chooses how many rows somebody has, so both are measures of one's own.
SELECT p.sex, COUNT(DISTINCT e.pid) AS people, COUNT(*) AS episodes, AVG(e.months) AS months
FROM guest.episodes e
JOIN ndb.patients p ON p.pid = e.pid
GROUP BY p.sex
