//! A bank with a marked day and many merchants. For tests.

use crate::store::connection::Connection;

impl Connection {
    /// Registers bank 1, which marked 3 September 2018, and its merchants with ids from 1 to `merchants`.
    pub(crate) fn register_marked_day(&mut self, merchants: u32) {
        let rows = format!(
            "INSERT INTO banks VALUES (1, 'bri', 'BRI', '002', '1', 1320, 1, 20180904, 1, 2, 3, 4);
             INSERT INTO business_days VALUES (1, 20180903, 1, 0, 0, NULL, NULL);
             WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {merchants})
             INSERT INTO merchants
             SELECT n, 'M-' || n, 'Warung', 'warung', 'Jambi', '1571', 1, 7, 2, 1 FROM c"
        );
        self.run(&rows).unwrap();
    }
}
