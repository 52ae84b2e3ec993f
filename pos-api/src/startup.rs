//! The application: bound to an address, ready to run.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{App as ActixApp, HttpServer, web};
use ledger::service::Ledger;
use tokio::sync::Semaphore;

use crate::app::{App, FilesRoom};
use crate::auth::{Sessions, Tokens};
use crate::metrics::Metrics;
use crate::routes;

/// How long a client may take to send its headers.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long requests in hand may take when the service is told to stop.
const SHUTDOWN_SECONDS: u64 = 10;
/// Connections that one worker holds at the most.
const CONNECTIONS: usize = 20_000;

/// The service, bound to an address.
#[derive(Debug)]
pub struct Application {
    listener: TcpListener,
    address: SocketAddr,
    app: web::Data<App>,
    workers: usize,
}

impl Application {
    /// Binds the service; port 0 takes a free one. `max_bank_files` is what the files of one recording may
    /// have in all, in bytes.
    ///
    /// # Errors
    /// When the address can't be had or the token key can't be used.
    pub fn build(
        ledger: Arc<Ledger>,
        address: &str,
        workers: usize,
        max_bank_files: usize,
    ) -> anyhow::Result<Self> {
        let tokens = Tokens::new(ledger.keys())?;
        let listener = TcpListener::bind(address)
            .map_err(|error| anyhow::anyhow!("can't listen on `{address}`: {error}"))?;
        let address = listener.local_addr()?;
        let app = web::Data::new(App {
            ledger,
            tokens,
            sessions: Sessions::default(),
            metrics: Metrics::default(),
            exports: Arc::new(Semaphore::new(routes::exports::AT_ONCE)),
            files: FilesRoom::of(max_bank_files),
        });
        Ok(Self { listener, address, app, workers })
    }

    /// The address it is bound to.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The service, to be awaited; it ends on SIGTERM or SIGINT.
    ///
    /// # Errors
    /// When the operating system gives no more sockets.
    pub fn start(self) -> std::io::Result<Server> {
        let app = self.app;
        let server = HttpServer::new(move || {
            ActixApp::new().app_data(app.clone()).configure(routes::configure)
        })
        .workers(self.workers)
        .client_request_timeout(HEADERS_TIMEOUT)
        .keep_alive(KEEP_ALIVE)
        .max_connections(CONNECTIONS)
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .listen(self.listener)?;
        Ok(server.run())
    }
}
