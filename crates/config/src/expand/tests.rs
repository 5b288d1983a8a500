//! The preprocessor, statement by statement.
