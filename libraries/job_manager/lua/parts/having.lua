-- Fields of a record that subscribers of the journal choose jobs by. An entry lists those that the job has, so that its record need not be
-- read for each subscriber.
local HAVING = {'meta', 'webhook_events', 'notify', 'staged_upload'}
