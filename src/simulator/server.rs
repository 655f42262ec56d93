//! The two servers: every request is recorded, meets the faults, and is answered by the routes.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, State};
use http::Response;
use tokio::net::TcpListener;

use super::connection::{Cut, Cuttable};
use super::exchange::{Call, Reply};
use super::handle::Simulator;
use super::record::Origin;

const PREFIX: &str = "/api/v3";
/// No request to GitHub is larger than this.
const BODY_LIMIT_BYTES: usize = 4 * 1024 * 1024;

/// Serves one of the origins until the runtime ends.
pub(super) fn serve(sim: Simulator, origin: Origin, listener: TcpListener) {
    let app = Router::new().fallback(handle).with_state((sim, origin));
    let service = app.into_make_service_with_connect_info::<Cut>();
    tokio::spawn(async move { axum::serve(Cuttable(listener), service).await });
}

async fn handle(
    State((sim, origin)): State<(Simulator, Origin)>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: http::Request<Body>,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, BODY_LIMIT_BYTES).await.unwrap_or_default();
    let prefix = if origin == Origin::Api { PREFIX } else { "" };
    let foreign = origin == Origin::Api && !head.uri.path().starts_with(PREFIX);
    let call = Call::new(&head.method, &head.uri, head.headers, body, prefix);
    let number = sim.change(|world| world.record(origin, &call));
    let answer = || sim.change(|world| if foreign { Reply::unknown() } else { world.answer(origin, &call) });

    let strike = sim.change(|world| world.strike(&call));
    let reply = match strike {
        None => Some(answer()),
        Some(strike) => {
            let done = strike.after_effect.then(&answer);
            if strike.forever {
                std::future::pending::<()>().await;
            }
            sim.wait_for(|sim| sim.read(|world| world.is_released(strike.id))).await;
            match (strike.instead, done) {
                (Some(instead), _) => instead,
                (None, Some(done)) => Some(done),
                (None, None) => Some(answer()),
            }
        }
    };
    sim.change(|world| {
        if let Some(request) = world.requests.iter_mut().rev().find(|request| request.number == number) {
            request.status = reply.as_ref().map(|reply| reply.status);
            request.known = reply.as_ref().is_none_or(|reply| reply.known);
        }
    });
    match reply {
        Some(reply) => reply.into_response(),
        None => {
            cut.cut();
            Response::new(Body::empty())
        }
    }
}
