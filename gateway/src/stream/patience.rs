//! Connections whose other end must take something now and then.
//!
//! A reader that stops reading costs the log nothing, but it holds a connection and its buffers. The server that we stand on waits for it
//! without end, so the socket itself gives up after [`super::limits::STALL_MAX`] without a byte taken.

use std::{
    future::Future,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::serve::Listener;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// A listener whose connections are [`Patient`] for a while.
#[derive(Debug)]
pub(crate) struct Patience<L> {
    pub(crate) listener: L,
    pub(crate) limit: Duration,
}

impl<L: Listener> Listener for Patience<L> {
    type Io = Patient<L::Io>;
    type Addr = L::Addr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (io, address) = self.listener.accept().await;
        (Patient { io, limit: self.limit, waits: None }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// A connection that fails when a write waits too long.
#[derive(Debug)]
pub(crate) struct Patient<T> {
    io: T,
    limit: Duration,
    /// Runs while a write waits.
    waits: Option<Pin<Box<Sleep>>>,
}

impl<T> Patient<T> {
    /// Every byte that is taken starts the wait anew.
    fn judge<R>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if written.is_ready() {
            self.waits = None;
            return written;
        }
        let limit = self.limit;
        let waits = self.waits.get_or_insert_with(|| Box::pin(sleep(limit)));
        waits.as_mut().poll(cx).map(|()| Err(io::Error::new(io::ErrorKind::TimedOut, "the reader takes nothing")))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Patient<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Patient<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, buf);
        self.judge(cx, written)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.judge(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        self.judge(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// Writes until an error; bytes that were taken.
    async fn pour(io: &mut Patient<TcpStream>) -> (usize, io::ErrorKind) {
        let (block, mut taken) = (vec![0u8; 1 << 16], 0);
        loop {
            match poll_fn(|cx| Pin::new(&mut *io).poll_write(cx, &block)).await {
                Ok(n) => taken += n,
                Err(error) => return (taken, error.kind()),
            }
        }
    }

    #[tokio::test]
    async fn who_takes_nothing_is_cut_off_and_who_takes_little_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut listener = Patience { listener, limit: Duration::from_millis(200) };
        let silent = TcpStream::connect(address).await.unwrap();
        let (mut io, _) = listener.accept().await;
        let (taken, fault) = pour(&mut io).await;
        assert!(taken > 0 && fault == io::ErrorKind::TimedOut, "{taken} {fault:?}");
        drop((silent, io));

        let slow = TcpStream::connect(address).await.unwrap();
        let (mut io, _) = listener.accept().await;
        let reader = tokio::spawn(async move {
            let mut taken = 0;
            // Longer than the limit in all, shorter between two looks.
            for _ in 0..20 {
                tokio::time::sleep(Duration::from_millis(50)).await;
                let mut block = vec![0u8; 1 << 22];
                while let Ok(n) = slow.try_read(&mut block) {
                    taken += n;
                }
            }
            taken
        });
        let (poured, _) = pour(&mut io).await;
        assert!(reader.await.unwrap() > taken && poured > 2 * taken);
    }
}
