// The module's first test file.
