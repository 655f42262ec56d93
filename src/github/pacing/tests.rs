//! The pacer under a clock that each test sets by hand.

use super::*;

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const SECOND: Duration = Duration::from_secs(1);
const OK: StatusCode = StatusCode::OK;

fn pacer() -> Pacer {
    Pacer::new(SECOND)
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect()
}

fn sent(pacer: &Pacer, lane: Lane, cost: Cost, now: Timestamp) -> u32 {
    let mut count = 0;
    while pacer.admit(lane, cost, now).is_ok() {
        count += 1;
        assert!(count < 10_000);
    }
    count
}

#[test]
fn points_are_kept_over_any_sixty_seconds() {
    let pacer = pacer();
    assert_eq!(sent(&pacer, Lane::Event, Cost::Write, NOW), 180);
    let wait = pacer.admit(Lane::Event, Cost::Read, NOW + SECOND).unwrap_err();
    assert_eq!(wait.until, NOW + WINDOW);
    assert_eq!(sent(&pacer, Lane::Event, Cost::Read, NOW + WINDOW), 900);
}

#[test]
fn the_wait_for_points_is_as_long_as_needed_and_no_longer() {
    let pacer = pacer();
    for second in 0..180_u64 {
        pacer.admit(Lane::Event, Cost::Write, NOW + SECOND * u32::try_from(second / 60).unwrap()).unwrap();
    }
    assert_eq!(pacer.admit(Lane::Event, Cost::Write, NOW + SECOND * 3).unwrap_err().until, NOW + WINDOW);
    assert!(pacer.admit(Lane::Event, Cost::Write, NOW + WINDOW).is_ok());
}

#[test]
fn bulk_work_always_leaves_room_for_events() {
    let pacer = pacer();
    assert_eq!(sent(&pacer, Lane::Bulk, Cost::Read, NOW), 750);
    assert_eq!(sent(&pacer, Lane::Event, Cost::Write, NOW), 30);
    assert_eq!(pacer.admit(Lane::Bulk, Cost::Read, NOW + SECOND).unwrap_err().until, NOW + WINDOW);
}

#[test]
fn bulk_writes_leave_one_at_a_time_and_an_interval_apart() {
    let pacer = pacer();
    let permit = pacer.admit(Lane::Bulk, Cost::Write, NOW).unwrap();
    assert!(pacer.admit(Lane::Bulk, Cost::Write, NOW + SECOND * 2).is_err(), "the first has no answer yet");
    assert!(pacer.admit(Lane::Bulk, Cost::Read, NOW).is_ok());
    assert!(pacer.admit(Lane::Event, Cost::Write, NOW).is_ok(), "events pass by");
    drop(permit);
    assert_eq!(pacer.admit(Lane::Bulk, Cost::Write, NOW).unwrap_err().until, NOW + SECOND);
    assert!(pacer.admit(Lane::Bulk, Cost::Write, NOW + SECOND).is_ok());
    assert_eq!(sent(&Pacer::new(Duration::ZERO), Lane::Bulk, Cost::Write, NOW), 150);
}

#[test]
fn so_many_at_once() {
    let pacer = pacer();
    let bulk: Vec<_> = (0..10).map(|_| pacer.admit(Lane::Bulk, Cost::Read, NOW).unwrap()).collect();
    assert!(pacer.admit(Lane::Bulk, Cost::Read, NOW).is_err());
    let events: Vec<_> = (0..90).map(|_| pacer.admit(Lane::Event, Cost::Read, NOW).unwrap()).collect();
    assert_eq!(pacer.admit(Lane::Event, Cost::Read, NOW).unwrap_err().until, NOW + SHORTLY);
    drop(bulk);
    assert!(pacer.admit(Lane::Event, Cost::Read, NOW).is_ok());
    drop(events);
}

#[test]
fn nothing_is_sent_while_github_asks_for_a_pause() {
    let pacer = pacer();
    let wait = pacer
        .observe(StatusCode::TOO_MANY_REQUESTS, &headers(&[("retry-after", "30")]), "slow down", NOW)
        .unwrap();
    assert_eq!((wait.until, wait.why.as_str()), (NOW + SECOND * 30, "slow down"));
    for lane in [Lane::Event, Lane::Bulk] {
        assert_eq!(pacer.admit(lane, Cost::Read, NOW + SECOND * 29).unwrap_err().until, NOW + SECOND * 30);
    }
    assert!(pacer.admit(Lane::Bulk, Cost::Read, NOW + SECOND * 30).is_ok());
}

#[test]
fn pauses_of_unsaid_length_double_up_to_fifteen_minutes() {
    let pacer = pacer();
    let mut now = NOW;
    for seconds in [60, 120, 240, 480, 900, 900] {
        let wait =
            pacer.observe(StatusCode::FORBIDDEN, &HeaderMap::new(), "secondary rate limit", now).unwrap();
        assert_eq!(now.until(wait.until).as_secs(), seconds);
        let other = pacer
            .observe(StatusCode::FORBIDDEN, &HeaderMap::new(), "secondary rate limit", now + SECOND)
            .unwrap();
        assert_eq!(other.until, wait.until, "answers to what was under way do not lengthen the pause");
        pacer.observe(OK, &HeaderMap::new(), "", now + SECOND);
        now = wait.until;
    }
    pacer.observe(OK, &HeaderMap::new(), "", now);
    let wait = pacer.observe(StatusCode::FORBIDDEN, &HeaderMap::new(), "secondary rate limit", now).unwrap();
    assert_eq!(now.until(wait.until).as_secs(), 60, "a success begins anew");
}

#[test]
fn an_hour_that_is_used_up_blocks_until_its_end() {
    let pacer = pacer();
    let last = headers(&[
        ("x-ratelimit-limit", "5000"),
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "1700000100"),
    ]);
    assert_eq!(pacer.observe(OK, &last, "", NOW), None, "the last request of the hour is a success");
    let until = NOW + SECOND * 101;
    assert_eq!(pacer.admit(Lane::Event, Cost::Read, NOW).unwrap_err().until, until);
    assert!(pacer.admit(Lane::Event, Cost::Read, until).is_ok());
    assert_eq!(pacer.quota(), None, "what was known is over");
}

#[test]
fn bulk_work_stops_at_a_tenth_of_the_hour() {
    let pacer = pacer();
    let low = headers(&[
        ("x-ratelimit-limit", "5000"),
        ("x-ratelimit-remaining", "500"),
        ("x-ratelimit-reset", "1700000100"),
    ]);
    pacer.observe(OK, &low, "", NOW);
    assert!(pacer.admit(Lane::Bulk, Cost::Read, NOW).is_ok());
    assert_eq!(pacer.admit(Lane::Bulk, Cost::Read, NOW).unwrap_err().until, NOW + SECOND * 101);
    assert!(pacer.admit(Lane::Event, Cost::Write, NOW).is_ok());
}

#[test]
fn what_is_left_is_counted_down_before_the_answers_come() {
    let pacer = pacer();
    let few = headers(&[("x-ratelimit-remaining", "3"), ("x-ratelimit-reset", "1700000100")]);
    pacer.observe(OK, &few, "", NOW);
    assert_eq!(sent(&pacer, Lane::Event, Cost::Read, NOW), 3);
    pacer.observe(
        OK,
        &headers(&[("x-ratelimit-remaining", "2"), ("x-ratelimit-reset", "1700000100")]),
        "",
        NOW,
    );
    assert!(
        pacer.admit(Lane::Event, Cost::Read, NOW).is_err(),
        "an answer that comes late does not raise it"
    );
    pacer.observe(
        OK,
        &headers(&[("x-ratelimit-remaining", "4999"), ("x-ratelimit-reset", "1700003700")]),
        "",
        NOW,
    );
    assert_eq!(pacer.quota().unwrap().remaining, 4999, "a new hour does");
}

#[test]
fn absent_headers_block_nothing() {
    let pacer = pacer();
    pacer.observe(OK, &HeaderMap::new(), "", NOW);
    pacer.observe(StatusCode::FORBIDDEN, &HeaderMap::new(), "This workflow is already running", NOW);
    pacer.observe(OK, &headers(&[("x-ratelimit-remaining", "0")]), "", NOW);
    assert!(pacer.admit(Lane::Bulk, Cost::Write, NOW).is_ok());
}

#[test]
fn a_clock_that_is_set_back_holds_nothing_up_for_long() {
    let pacer = pacer();
    assert_eq!(sent(&pacer, Lane::Event, Cost::Write, NOW), 180);
    drop(pacer.admit(Lane::Bulk, Cost::Write, NOW));
    let back = NOW - Duration::from_secs(86_400);
    assert!(pacer.admit(Lane::Event, Cost::Read, back).unwrap_err().until <= back + WINDOW);
}

#[test]
fn a_pacer_is_idle_when_it_has_nothing_to_remember() {
    let pacer = pacer();
    let permit = pacer.admit(Lane::Event, Cost::Read, NOW).unwrap();
    assert!(!pacer.is_idle(NOW));
    drop(permit);
    assert!(!pacer.is_idle(NOW + SECOND));
    assert!(pacer.is_idle(NOW + WINDOW));
}
