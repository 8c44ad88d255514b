//! Whether the port is free, and if not, who has it.

use std::fs;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

use super::Finding;

pub(super) fn look(address: SocketAddr) -> Finding {
    let error = match TcpListener::bind(address) {
        Ok(_listener) => return Finding::ok("port", format!("{address} is free")),
        Err(error) => error,
    };
    if error.kind() != ErrorKind::AddrInUse {
        let fix = fix(error.kind());
        return Finding::error("port", format!("cannot listen on {address} ({error})"), Some(fix.to_owned()));
    }
    let fix = Some("stop it, or choose another port with listen under [server]".to_owned());
    match owner(address.port()) {
        Some((pid, name)) if name.starts_with("wigwag") => Finding::warning(
            "port",
            format!("{address} is taken by {name} (pid {pid}), which runs already"),
            None,
        ),
        Some((pid, name)) => Finding::error("port", format!("{address} is taken by {name} (pid {pid})"), fix),
        None => Finding::error("port", format!("{address} is taken by a process of somebody else"), fix),
    }
}

fn fix(error: ErrorKind) -> &'static str {
    if error == ErrorKind::PermissionDenied {
        "choose a port from 1024 on, or write AmbientCapabilities=CAP_NET_BIND_SERVICE and \
         CapabilityBoundingSet=CAP_NET_BIND_SERVICE under [Service] with systemctl edit wigwag"
    } else {
        "choose an address of this machine with listen under [server]"
    }
}

/// Number and name of the process that listens on a port, as far as one may look.
fn owner(port: u16) -> Option<(u32, String)> {
    let tables =
        ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
    let sockets: Vec<String> =
        tables.iter().flat_map(|table| table.lines()).filter_map(|line| listener(line, port)).collect();
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| has(*pid, &sockets)).find_map(|pid| {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
        Some((pid, name.trim().to_owned()))
    })
}

/// The link to the socket in a line of the table, if that listens on the port.
fn listener(line: &str, port: u16) -> Option<String> {
    const LISTENS: &str = "0A";
    let mut fields = line.split_whitespace();
    let (_, local_port) = fields.nth(1)?.rsplit_once(':')?;
    let state = fields.nth(1)?;
    let inode = fields.nth(5)?;
    let is_it = state == LISTENS && u16::from_str_radix(local_port, 16) == Ok(port);
    is_it.then(|| format!("socket:[{inode}]"))
}

fn has(pid: u32, sockets: &[String]) -> bool {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let mut links = files.filter_map(|file| fs::read_link(file.path()).ok());
    links.any(|link| sockets.iter().any(|socket| link.as_os_str() == socket.as_str()))
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    #[test]
    fn owner_of_a_port_is_found() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();

        assert_eq!(owner(address.port()).map(|(pid, _)| pid), Some(std::process::id()));
        assert!(look(address).what.contains("is taken by "), "{:?}", look(address));
        drop(taken);
        assert_eq!(look(address).grade, Grade::Ok);
    }

    #[test]
    fn a_port_that_needs_a_right_names_the_one_that_the_unit_can_give() {
        let advised = fix(ErrorKind::PermissionDenied);

        assert!(advised.contains("AmbientCapabilities=CAP_NET_BIND_SERVICE"), "{advised}");
        assert!(!advised.contains("binary"), "{advised}");
    }

    #[test]
    fn address_of_another_machine_is_told() {
        let found = look("192.0.2.1:8000".parse().unwrap());

        assert!(
            found.grade == Grade::Error && found.what.contains("cannot listen on 192.0.2.1:8000"),
            "{found}"
        );
    }
}
