//! What the app is told by its environment.

use crate::jail::{Home, Spec};
use std::process::Command;

/// Variables that lead to something outside.
const OUTSIDE: [&str; 30] = [
    "DBUS_SESSION_BUS_ADDRESS",
    "DBUS_SESSION_BUS_PID",
    "DBUS_SYSTEM_BUS_ADDRESS",
    "DBUS_STARTER_ADDRESS",
    "SSH_AUTH_SOCK",
    "SSH_AGENT_PID",
    "GPG_AGENT_INFO",
    "GNOME_KEYRING_CONTROL",
    "SESSION_MANAGER",
    "ICEAUTHORITY",
    "DESKTOP_STARTUP_ID",
    "XDG_ACTIVATION_TOKEN",
    "NOTIFY_SOCKET",
    "JOURNAL_STREAM",
    "INVOCATION_ID",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_FDNAMES",
    "WAYLAND_SOCKET",
    "TMUX",
    "TMUX_PANE",
    "STY",
    "DOCKER_HOST",
    "CONTAINER_HOST",
    "VSCODE_IPC_HOOK_CLI",
    "VSCODE_GIT_IPC_HANDLE",
    "KITTY_LISTEN_ON",
    "NVIM",
    "AT_SPI_BUS_ADDRESS",
    "IBUS_ADDRESS",
];

/// Variables that lead to a display or to sound.
const DISPLAY: [&str; 6] =
    ["DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "PULSE_SERVER", "PULSE_COOKIE", "PIPEWIRE_REMOTE"];

/// Takes out what leads outside, and says where what was made anew lies.
pub(super) fn clean(command: &mut Command, spec: &Spec) {
    for name in OUTSIDE {
        command.env_remove(name);
    }
    if !spec.gui {
        for name in DISPLAY {
            command.env_remove(name);
        }
    }
    command.env("XDG_RUNTIME_DIR", runtime(spec.uid));
    if spec.home == Home::Private {
        // They would name folders of the other home.
        for name in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"] {
            command.env_remove(name);
        }
    }
    // An AppImage mounts itself through a program with setuid, which gains nothing here; told so,
    // it unpacks itself.
    if std::env::var_os("APPIMAGE_EXTRACT_AND_RUN").is_none() {
        command.env("APPIMAGE_EXTRACT_AND_RUN", "1");
    }
}

/// The user's folder for sockets, as the jail has it.
pub(super) fn runtime(uid: u32) -> String {
    format!("/run/user/{uid}")
}
