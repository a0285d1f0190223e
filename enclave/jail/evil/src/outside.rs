//! Files, sockets, and what the parent has.

use std::env;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::mem::ManuallyDrop;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::FromRawFd as _;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixStream};

use crate::{Outcome, Target, number};

fn done<T>(result: io::Result<T>) -> Outcome {
    result.map(drop).map_err(number)
}

fn port(target: &Target) -> u16 {
    u16::try_from(target.number).unwrap_or_default()
}

pub(crate) fn read_file(target: &Target) -> Outcome {
    done(fs::read(&target.name))
}

pub(crate) fn write_file(target: &Target) -> Outcome {
    done(File::create(&target.name).and_then(|mut file| file.write_all(b"secret")))
}

pub(crate) fn list_directory(target: &Target) -> Outcome {
    // An empty directory is no find.
    if fs::read_dir(&target.name).map_err(number)?.next().is_some() { Ok(()) } else { Err(libc::ENOENT) }
}

pub(crate) fn tcp_connect(target: &Target) -> Outcome {
    done(TcpStream::connect(("127.0.0.1", port(target))))
}

pub(crate) fn tcp_listen(_: &Target) -> Outcome {
    done(TcpListener::bind(("0.0.0.0", 0)))
}

pub(crate) fn udp_send(target: &Target) -> Outcome {
    done(UdpSocket::bind(("0.0.0.0", 0)).and_then(|socket| socket.send_to(b"secret", ("127.0.0.1", port(target)))))
}

pub(crate) fn unix_connect(target: &Target) -> Outcome {
    done(UnixStream::connect(&target.name))
}

pub(crate) fn unix_abstract(target: &Target) -> Outcome {
    done(SocketAddr::from_abstract_name(&target.name).and_then(|name| UnixStream::connect_addr(&name)))
}

pub(crate) fn socketpair(_: &Target) -> Outcome {
    done(UnixStream::pair())
}

pub(crate) fn inherited_file(target: &Target) -> Outcome {
    // SAFETY: whether that number is open is the question; it is not closed here.
    let mut file = ManuallyDrop::new(unsafe { File::from_raw_fd(target.number) });
    done(file.read_exact(&mut [0]))
}

pub(crate) fn environment(_: &Target) -> Outcome {
    if env::vars_os().next().is_some() { Ok(()) } else { Err(libc::ENOENT) }
}
