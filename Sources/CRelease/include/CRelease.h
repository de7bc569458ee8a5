#pragma once

/// The commit that the command was built from, in hexadecimal, as STRATA_COMMIT was when it was built; empty where it was
/// not set.
const char *strata_commit(void);
