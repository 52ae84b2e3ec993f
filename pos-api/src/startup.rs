//! The application: bound to an address, ready to run.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{App as ActixApp, HttpServer, web};
use ledger::service::Ledger;
use tokio::sync::Semaphore;

use crate::app::App;
use crate::auth::{Sessions, Tokens};
use crate::limits::Limits;
use crate::limits::clients::Clients;
use crate::limits::connections::Connections;
use crate::limits::logins::Logins;
use crate::metrics::Metrics;
use crate::middleware::answer;
use crate::routes;
use crate::security::SecurityLog;
use crate::uploads::FilesRoom;
use crate::wire::reconciliation::largest_body;

/// How long a client may take to send its headers.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(10);
/// How long what still comes of a body that nobody reads is taken in before the connection is shut.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(1);
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long requests in hand may take when the service is told to stop.
const SHUTDOWN_SECONDS: u64 = 10;
/// Connections that one worker holds at the most.
const CONNECTIONS: usize = 20_000;

/// How the service is built.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    /// Where to listen; port 0 takes a free one.
    pub addr: &'a str,
    /// Where the figures for monitoring are, if not there.
    pub metrics_addr: Option<&'a str>,
    /// Threads that answer.
    pub workers: usize,
    /// What the files of one recording may have in all, in bytes.
    pub max_bank_files: usize,
    /// What clients may do.
    pub limits: Limits,
}

/// The service, bound to an address.
#[derive(Debug)]
pub struct Application {
    listener: TcpListener,
    address: SocketAddr,
    monitoring: Option<TcpListener>,
    app: web::Data<App>,
    connections: Arc<Connections>,
    workers: usize,
}

impl Application {
    /// Binds the service.
    ///
    /// # Errors
    /// When the address can't be had or the token key can't be used.
    pub fn build(ledger: Arc<Ledger>, plan: &Plan<'_>) -> anyhow::Result<Self> {
        let tokens = Tokens::new(ledger.keys())?;
        let listener = listen(plan.addr)?;
        let address = listener.local_addr()?;
        let monitoring = plan.metrics_addr.map(listen).transpose()?;
        let app = web::Data::new(App {
            ledger,
            tokens,
            sessions: Sessions::default(),
            metrics: Metrics::default(),
            exports: Arc::new(Semaphore::new(routes::exports::AT_ONCE)),
            files: FilesRoom::of(plan.max_bank_files, largest_body),
            clients: Clients::new(plan.limits),
            logins: Logins::new(plan.limits),
            security: SecurityLog::default(),
        });
        let connections = Connections::new(plan.limits.connections_per_address);
        Ok(Self { listener, address, monitoring, app, connections, workers: plan.workers })
    }

    /// The address it is bound to.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the figures for monitoring, where it is one of its own.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.monitoring.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// The service, to be awaited; it ends on SIGTERM or SIGINT. The figures for monitoring are served
    /// beside it where they have an address of their own, until that server is stopped.
    ///
    /// # Errors
    /// When the operating system gives no more sockets.
    pub fn start(self) -> std::io::Result<(Server, Option<Server>)> {
        let Self { listener, monitoring, app, connections, workers, .. } = self;
        let beside = monitoring.map(|listener| monitor(app.clone(), listener)).transpose()?;
        let here = beside.is_none();
        let log = app.clone();
        let server = HttpServer::new(move || {
            let app = ActixApp::new().app_data(app.clone()).wrap_fn(answer);
            let app = if here { app.configure(routes::monitoring) } else { app };
            app.configure(routes::configure)
        })
        .on_connect(move |connection, data| connections.take_in(connection, data, &log.security))
        .workers(workers)
        .client_request_timeout(HEADERS_TIMEOUT)
        .client_disconnect_timeout(UNREAD_TIMEOUT)
        .keep_alive(KEEP_ALIVE)
        .max_connections(CONNECTIONS)
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .listen(listener)?;
        Ok((server.run(), beside))
    }
}

fn listen(address: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .map_err(|error| anyhow::anyhow!("can't listen on `{address}`: {error}"))
}

/// A server for the figures alone.
fn monitor(app: web::Data<App>, listener: TcpListener) -> std::io::Result<Server> {
    let server = HttpServer::new(move || {
        ActixApp::new().app_data(app.clone()).wrap_fn(answer).configure(routes::monitoring)
    })
    .workers(1)
    .disable_signals()
    .client_request_timeout(HEADERS_TIMEOUT)
    .shutdown_timeout(0)
    .listen(listener)?;
    Ok(server.run())
}
