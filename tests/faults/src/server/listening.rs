//! A port that stays ours while nobody listens on it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// Connections that wait when the line is said to be full: the system takes one more than asked for.
const FILLERS: usize = 2;
const BACKLOG: u32 = 64;

pub struct Port {
    address: SocketAddr,
    /// Bound and not listening: keeps others from getting the port.
    reserve: TcpSocket,
    listener: Option<TcpListener>,
    fillers: Vec<TcpStream>,
}

impl Port {
    pub fn take(host: Ipv4Addr) -> io::Result<Self> {
        let reserve = bound(SocketAddr::from((host, 0)))?;
        Ok(Self {
            address: reserve.local_addr()?,
            reserve,
            listener: None,
            fillers: Vec::new(),
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Nobody listens from now on.
    pub fn close(&mut self) -> io::Result<()> {
        self.listener = None;
        Ok(())
    }

    fn listen(&mut self, backlog: u32) -> io::Result<&TcpListener> {
        if self.listener.is_none() {
            // Bound before the other one listens: afterwards the system would refuse it.
            let next = bound(self.address)?;
            let current = std::mem::replace(&mut self.reserve, next);
            self.listener = Some(current.listen(backlog)?);
        }
        let listening = self.listener.as_ref();
        listening.ok_or_else(|| io::Error::other("no listener"))
    }

    /// From now on dials succeed, whether or not somebody accepts.
    pub fn open(&mut self) -> io::Result<()> {
        self.listen(BACKLOG).map(drop)
    }

    pub async fn accept(&mut self) -> io::Result<TcpStream> {
        self.fillers.clear();
        Ok(self.listen(BACKLOG)?.accept().await?.0)
    }

    /// Listens with a line that is full already.
    pub async fn fill(&mut self) -> io::Result<()> {
        if !self.fillers.is_empty() {
            return Ok(());
        }
        let address = self.listen(1)?.local_addr()?;
        let mut dials = JoinSet::new();
        for _ in 0..FILLERS {
            dials.spawn(TcpStream::connect(address));
        }
        while let Some(dialled) = dials.join_next().await {
            self.fillers.push(dialled.map_err(io::Error::other)??);
        }
        Ok(())
    }
}

fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}
