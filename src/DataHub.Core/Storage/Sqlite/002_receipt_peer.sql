-- A receipt is kept under the other end of its link: at a city that is the hub, no longer the city itself.
UPDATE receipt SET city = 0 WHERE node <> 0;
