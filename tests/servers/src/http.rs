//! HTTP spoken by a function: a peer that answers what a test wants, to one request a connection.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// `GET`, `POST`, …
    pub method: String,
    /// With its query.
    pub path: String,
    /// Of as many bytes as `Content-Length` says.
    pub body: Vec<u8>,
}

/// Answers each request with a status and a body, one request after the other. The thread ends with the test program.
///
/// # Errors
/// When there is no free port.
pub fn answering(answer: impl Fn(&Asked) -> (u16, Vec<u8>) + Send + 'static) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // Whoever goes away in between gets no answer.
            let _ = converse(stream, &answer);
        }
    });
    Ok(address)
}

fn converse(stream: TcpStream, answer: &impl Fn(&Asked) -> (u16, Vec<u8>)) -> io::Result<()> {
    let mut reading = BufReader::new(stream);
    let asked = read(&mut reading)?;
    let (status, body) = answer(&asked);
    let mut stream = reading.into_inner();
    write!(stream, "HTTP/1.1 {status} Answer\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
    stream.write_all(&body)
}

fn read(reading: &mut impl BufRead) -> io::Result<Asked> {
    let mut first = String::new();
    reading.read_line(&mut first)?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if words.next().is_none() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut length = 0;
    loop {
        let mut line = String::new();
        reading.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse::<usize>().map_err(io::Error::other)?;
        }
    }
    let mut body = vec![0; length];
    reading.read_exact(&mut body)?;
    Ok(Asked { method, path, body })
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn an_answer_fits_its_request() {
        let address = answering(|asked| (200, format!("{} {} {}", asked.method, asked.path, asked.body.len()).into_bytes())).unwrap();
        for (request, answer) in [
            ("GET /a?b=c HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /a?b=c 0"),
            ("POST /d HTTP/1.1\r\ncontent-LENGTH: 3\r\n\r\nxyz", "POST /d 3"),
        ] {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            let mut said = String::new();
            stream.read_to_string(&mut said).unwrap();
            assert_eq!(said.split_once("\r\n\r\n").unwrap().1, answer);
        }
    }
}
