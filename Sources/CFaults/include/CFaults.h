#pragma once

/// From now on a page of a mapped file that is no more there, because the file was cut short or its disk failed, ends
/// the process with a sentence on standard error that names the file, and with `status`. Every other bus error ends it as
/// before.
void strata_tell_bus_errors(int status);

/// How many files the process may have open at once (`ulimit -n`); -1 without a limit.
long strata_open_file_limit(void);
