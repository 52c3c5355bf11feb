//! What survives a restart: the settings file.

pub mod settings_file;
