/// The first schema.
///
/// What is looked through often is narrow: `waiting` has a row for each task that is not claimed, `lease` for each that
/// runs, `task` what a list shows. What is wide and read one by one stands apart: documents, results, logs, blobs.
/// Moments are milliseconds since 1970; words are those of the types of this module.
enum StoreSchema1 {
    static let sql = """
        CREATE TABLE queue (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            paused INTEGER NOT NULL DEFAULT 0,
            waiting INTEGER NOT NULL DEFAULT 0    -- rows of waiting, counted by triggers
        ) STRICT;

        -- What a worker must cover to get a task: few of them, so that a claim looks into few places.
        CREATE TABLE route (
            id INTEGER PRIMARY KEY,
            queue INTEGER NOT NULL REFERENCES queue,
            executor TEXT NOT NULL,
            needs TEXT NOT NULL,                  -- sorted, one a line
            UNIQUE (queue, executor, needs)
        ) STRICT;

        CREATE TABLE task (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL,
            route INTEGER NOT NULL REFERENCES route,
            executor TEXT NOT NULL,
            principal TEXT NOT NULL,
            run_id TEXT NOT NULL,
            parent_id TEXT,
            priority INTEGER NOT NULL,
            state TEXT NOT NULL,                  -- blocked, ready, claimed, starting, started, done
            outcome TEXT,                         -- of a task that is done
            attempt INTEGER NOT NULL,
            begun INTEGER NOT NULL,
            failures INTEGER NOT NULL,
            faults INTEGER NOT NULL,
            unmet INTEGER NOT NULL,
            available_at INTEGER NOT NULL,
            expires_at INTEGER,
            cancel_requested INTEGER NOT NULL,
            set_aside INTEGER NOT NULL,
            submitted_at INTEGER NOT NULL,
            claimed_at INTEGER,
            ended_at INTEGER,
            reason TEXT,
            error_code TEXT,
            bytes INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX task_open ON task (state) WHERE outcome IS NULL;
        CREATE INDEX task_outcome ON task (outcome) WHERE outcome IS NOT NULL;
        CREATE INDEX task_ended ON task (ended_at, id, bytes) WHERE outcome IS NOT NULL;
        CREATE INDEX task_set_aside ON task (set_aside) WHERE set_aside = 1;
        CREATE INDEX task_name ON task (name);
        CREATE INDEX task_executor ON task (executor);
        CREATE INDEX task_route ON task (route);
        CREATE INDEX task_run ON task (run_id);
        CREATE INDEX task_principal ON task (principal);
        CREATE INDEX task_parent ON task (parent_id) WHERE parent_id IS NOT NULL;

        -- What never changes.
        CREATE TABLE submission (
            task INTEGER PRIMARY KEY REFERENCES task,
            document BLOB NOT NULL,
            fingerprint TEXT NOT NULL,
            idempotency_key TEXT,
            idempotency TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            backoff TEXT NOT NULL,
            wait_least INTEGER NOT NULL,
            wait_most INTEGER NOT NULL,
            expires_at INTEGER
        ) STRICT;

        CREATE TABLE idempotency (
            principal TEXT NOT NULL,
            key TEXT NOT NULL,
            task INTEGER NOT NULL,
            PRIMARY KEY (principal, key)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE label (
            task INTEGER NOT NULL,
            key TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (task, key)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX label_value ON label (key, value, task);

        CREATE TABLE dependency (
            task INTEGER NOT NULL,
            needs INTEGER NOT NULL,
            PRIMARY KEY (task, needs)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX dependency_needs ON dependency (needs, task);

        CREATE TABLE waiting (
            task INTEGER PRIMARY KEY,
            route INTEGER NOT NULL,
            queue INTEGER NOT NULL,
            priority INTEGER NOT NULL,
            kind TEXT NOT NULL,                   -- ready, delayed, blocked
            due INTEGER NOT NULL,
            expires_at INTEGER
        ) STRICT;
        CREATE INDEX waiting_ready ON waiting (route, priority DESC, task) WHERE kind = 'ready';
        CREATE INDEX waiting_delayed ON waiting (due) WHERE kind = 'delayed';
        CREATE INDEX waiting_expires ON waiting (expires_at) WHERE expires_at IS NOT NULL;
        CREATE TRIGGER waiting_added AFTER INSERT ON waiting BEGIN
            UPDATE queue SET waiting = waiting + 1 WHERE id = new.queue;
        END;
        CREATE TRIGGER waiting_left AFTER DELETE ON waiting BEGIN
            UPDATE queue SET waiting = waiting - 1 WHERE id = old.queue;
        END;

        CREATE TABLE lease (
            task INTEGER PRIMARY KEY,
            worker INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX lease_worker ON lease (worker);

        CREATE TABLE worker (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL,
            boot_id TEXT NOT NULL,
            pid INTEGER NOT NULL,
            start_time INTEGER NOT NULL,
            cgroup TEXT,
            role TEXT NOT NULL,
            slots INTEGER NOT NULL,
            labels TEXT NOT NULL,                 -- sorted, one a line
            executors TEXT NOT NULL,              -- likewise
            state TEXT NOT NULL,
            beats INTEGER NOT NULL,
            registered_at INTEGER NOT NULL,
            last_seen_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX worker_present ON worker (state) WHERE state IN ('active', 'draining');

        CREATE TABLE attempt (
            task INTEGER NOT NULL,
            number INTEGER NOT NULL,
            worker INTEGER NOT NULL,
            claimed_at INTEGER NOT NULL,
            intended_at INTEGER,
            identified_at INTEGER,
            ended_at INTEGER,
            outcome TEXT,
            error_code TEXT,
            PRIMARY KEY (task, number)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE identity (
            task INTEGER NOT NULL,
            attempt INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            boot_id TEXT NOT NULL,
            pid INTEGER NOT NULL,
            start_time INTEGER NOT NULL,
            cgroup TEXT,
            role TEXT NOT NULL,
            PRIMARY KEY (task, attempt, sequence)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE event (
            task INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            time INTEGER NOT NULL,
            kind TEXT NOT NULL,
            attempt INTEGER,
            worker INTEGER,
            principal TEXT,
            word TEXT,
            detail BLOB,
            PRIMARY KEY (task, sequence)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE log (
            id INTEGER PRIMARY KEY,
            task INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            attempt INTEGER NOT NULL,
            time INTEGER NOT NULL,
            stream TEXT NOT NULL,
            bytes BLOB NOT NULL,
            UNIQUE (task, sequence)
        ) STRICT;

        CREATE TABLE result (
            task INTEGER PRIMARY KEY,
            document BLOB NOT NULL
        ) STRICT;

        CREATE TABLE attachment (
            task INTEGER NOT NULL,
            place INTEGER NOT NULL,
            name TEXT NOT NULL,
            digest TEXT NOT NULL,
            bytes INTEGER NOT NULL,
            PRIMARY KEY (task, place)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX attachment_digest ON attachment (digest);

        CREATE TABLE blob (
            digest TEXT PRIMARY KEY,
            bytes BLOB NOT NULL
        ) STRICT;

        -- Done tasks, counted by triggers.
        CREATE TABLE tally (
            queue INTEGER NOT NULL,
            outcome TEXT NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (queue, outcome)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER task_recorded AFTER INSERT ON task WHEN new.outcome IS NOT NULL BEGIN
            INSERT INTO tally SELECT queue, new.outcome, 1 FROM route WHERE id = new.route
                ON CONFLICT DO UPDATE SET count = count + 1;
        END;
        CREATE TRIGGER task_ended AFTER UPDATE OF outcome ON task
            WHEN new.outcome IS NOT NULL AND old.outcome IS NULL BEGIN
            INSERT INTO tally SELECT queue, new.outcome, 1 FROM route WHERE id = new.route
                ON CONFLICT DO UPDATE SET count = count + 1;
        END;
        CREATE TRIGGER task_reopened AFTER UPDATE OF outcome ON task
            WHEN new.outcome IS NULL AND old.outcome IS NOT NULL BEGIN
            UPDATE tally SET count = count - 1
                WHERE queue = (SELECT queue FROM route WHERE id = old.route) AND outcome = old.outcome;
        END;
        CREATE TRIGGER task_removed AFTER DELETE ON task WHEN old.outcome IS NOT NULL BEGIN
            UPDATE tally SET count = count - 1
                WHERE queue = (SELECT queue FROM route WHERE id = old.route) AND outcome = old.outcome;
            DELETE FROM submission WHERE task = old.id;
            DELETE FROM idempotency WHERE task = old.id;
            DELETE FROM label WHERE task = old.id;
            DELETE FROM dependency WHERE task = old.id OR needs = old.id;
            DELETE FROM attempt WHERE task = old.id;
            DELETE FROM identity WHERE task = old.id;
            DELETE FROM event WHERE task = old.id;
            DELETE FROM log WHERE task = old.id;
            DELETE FROM result WHERE task = old.id;
            DELETE FROM attachment WHERE task = old.id;
        END;
        CREATE INDEX idempotency_task ON idempotency (task);
        """
}
