//! An HTTP server that does nothing: what the server's framework and the load generator take by
//! themselves.

use std::io::Write as _;

use actix_web::{App, HttpResponse, HttpServer, web};

/// The answer to everything, as long as a purchase's.
const ANSWER: &str = concat!(
    r#"{"id":"rdm_aaaaaaaaaaaaaaaaaaaaaaaaaa","status":"approved","amount":700,"#,
    r#""balance_before":110000,"balance_after":109300,"items":[{"commodity":"rice","grade":"medium","#,
    r#""quantity":"0.1","unit":"kg","unit_price":7000,"amount":700}],"rrn":"000000000000","#,
    r#""approval_code":"AAAAAA","card":"601301******0000","bank":"bri","acquirer":"bri","#,
    r#""merchant_id":"EW-0000-00000","terminal_id":"T0000000","created_at":"2018-09-04T00:00:00.000Z","#,
    r#""business_date":"2018-09-04","transfer_id":"trf_aaaaaaaaaaaaaaaaaaaaaaaaaa"}"#,
);
/// As long as a real one.
const TOKEN: usize = 420;

/// Serves until it is told to stop.
pub(crate) fn serve() -> anyhow::Result<()> {
    let token = format!(
        r#"{{"access_token":"{}","token_type":"Bearer","expires_in":86400}}"#,
        "x".repeat(TOKEN)
    );
    let token = web::Data::new(token);
    actix_web::rt::System::new().block_on(async {
        let server = HttpServer::new(move || {
            App::new()
                .app_data(token.clone())
                .route("/oauth/token", web::post().to(log_in))
                .default_service(web::to(answer))
        });
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let server = server.workers(workers).bind("127.0.0.1:0")?;
        let address = server.addrs().first().copied();
        let address = address.ok_or_else(|| std::io::Error::other("no address"))?;
        writeln!(std::io::stdout(), "listening on http://{address}")?;
        server.run().await
    })?;
    Ok(())
}

async fn log_in(token: web::Data<String>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(token.get_ref().clone())
}

/// Reads the request to its end, as every server has to.
async fn answer(_body: web::Bytes) -> HttpResponse {
    HttpResponse::Created().content_type("application/json").body(ANSWER)
}
