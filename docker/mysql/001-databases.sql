-- Run once, by an empty MySQL container: a database for each system, and one user who may do anything in these
-- and nothing elsewhere. The user itself is made by the image from MYSQL_USER and MYSQL_PASSWORD.
CREATE DATABASE IF NOT EXISTS erp CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE DATABASE IF NOT EXISTS wms CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE DATABASE IF NOT EXISTS returns CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE DATABASE IF NOT EXISTS availability CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

GRANT ALL PRIVILEGES ON erp.* TO 'inventory'@'%';
GRANT ALL PRIVILEGES ON wms.* TO 'inventory'@'%';
GRANT ALL PRIVILEGES ON returns.* TO 'inventory'@'%';
GRANT ALL PRIVILEGES ON availability.* TO 'inventory'@'%';
