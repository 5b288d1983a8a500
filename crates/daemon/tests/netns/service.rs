//! Real web servers behind the virtual address, and a client in front of it.

use std::fs;
use std::net::IpAddr;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::clock::{Stamp, wait_for};
use super::lab::{Host, Lab};
use super::process::power_off;

/// Where every service listens.
pub(crate) const PORT: u16 = 8080;

/// Which web server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Program {
    Haproxy,
    Nginx,
}

/// A web server on a host that answers with the host's name.
pub(crate) struct Service {
    program: Program,
    host: Host,
    configuration: PathBuf,
    child: Option<Child>,
}

impl Service {
    /// Writes its configuration; nothing runs yet.
    pub(crate) fn new(lab: &Lab, host: &Host, program: Program, answer: &str) -> Service {
        let folder = lab.scratch.path(&format!("web-{answer}"));
        fs::create_dir_all(&folder).expect("the scratch folder is writable");
        let configuration = folder.join("conf");
        let text = match program {
            Program::Haproxy => format!(
                "defaults\n    mode http\n    timeout client 5s\n    timeout connect 5s\n    timeout server 5s\n\
                 frontend web\n    bind *:{PORT}\n    http-request return status 200 content-type text/plain string \
                 {answer}\n"
            ),
            Program::Nginx => format!(
                "daemon off;\npid {folder}/pid;\nerror_log {folder}/log;\nevents {{}}\nhttp {{\n    access_log off;\n    \
                 client_body_temp_path {folder};\n    proxy_temp_path {folder};\n    fastcgi_temp_path {folder};\n    \
                 uwsgi_temp_path {folder};\n    scgi_temp_path {folder};\n    server {{\n        listen {PORT};\n        \
                 location / {{ return 200 {answer}; }}\n    }}\n}}\n",
                folder = folder.display(),
            ),
        };
        fs::write(&configuration, text).expect("the scratch folder is writable");
        Service { program, host: host.clone(), configuration, child: None }
    }

    /// Starts it and waits until it answers on its own host.
    pub(crate) fn start(&mut self) {
        let mut command = match self.program {
            Program::Haproxy => Command::new("haproxy"),
            Program::Nginx => Command::new("nginx"),
        };
        match self.program {
            Program::Haproxy => command.arg("-db").arg("-f"),
            Program::Nginx => command.arg("-c"),
        };
        command.arg(&self.configuration).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(self.host.namespace.inside(|| command.spawn()).expect("it is installed"));
        let up = wait_for(Duration::from_secs(5), || fetch(&self.host, IpAddr::from([127, 0, 0, 1])));
        assert!(up.is_some(), "{:?} does not answer", self.program);
    }

    /// Stops it, all its processes. Gives the moment before.
    pub(crate) fn stop(&mut self) -> Stamp {
        let before = Stamp::now();
        let mut child = self.child.take().expect("it was started");
        power_off(i32::try_from(child.id()).expect("a process number"));
        child.wait().expect("it is our child");
        before
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.stop();
        }
    }
}

/// The page at an address, asked for from a host, if it comes within a second.
pub(crate) fn fetch(from: &Host, address: IpAddr) -> Option<String> {
    let mut command = Command::new("wget");
    command.args(["-q", "-O", "-", "-T", "1", "-t", "1", &format!("http://{address}:{PORT}/")]);
    let output = from.namespace.inside(|| command.output()).expect("wget is installed");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
