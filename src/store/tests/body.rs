//! The forms in which bodies are stored.

use crate::store::body::{Stored, pack, unpack};

/// Packed by the first version: rows like this lie in people's databases.
const PACKED_1: &str = "\
    28b52ffd24cd3d0200340234324e696768746c797363686564756c6561636d652f61706972756e732f34\
    32227d7d0900217c0a76b723866086410039ebe05e8611d16f46e0d657621c000b44b231591086addaff";

const BODY_1: &str = r#"{"action":"completed","workflow_run":{"id":42,"name":"Nightly","head_branch":"main","event":"schedule","status":"completed","conclusion":"failure","html_url":"https://github.com/acme/api/actions/runs/42"}}"#;

#[test]
fn body_packed_by_the_first_version_is_still_read() {
    let bytes: Vec<u8> = (0..PACKED_1.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&PACKED_1[at..at + 2], 16).unwrap())
        .collect();
    assert_eq!(String::from_utf8(unpack(1, bytes).unwrap()).unwrap(), BODY_1);
}

#[test]
fn dictionary_of_codec_1_never_changes() {
    let hash =
        include_bytes!("../body_dictionary.json").iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
    assert_eq!(
        hash, 14_568_373_300_177_460_444,
        "rows packed with it could not be read any more: add a codec instead"
    );
}

#[test]
fn webhook_is_stored_in_a_tenth_of_its_size() {
    let body =
        include_str!("../body_dictionary.json").replace("octo-repo", "rocket").replace("monalisa", "hubot");
    let packed = pack(body.clone().into_bytes());
    assert!(packed.bytes.len() * 10 < body.len(), "{} bytes", packed.bytes.len());
    assert_eq!(unpack(packed.codec, packed.bytes).unwrap(), body.into_bytes());
}

#[test]
fn what_does_not_shrink_is_stored_as_it_is() {
    let packed = pack(b"~".to_vec());
    assert_eq!(packed, Stored { codec: 0, bytes: b"~".to_vec() });
    assert_eq!(pack(Vec::new()), Stored { codec: 0, bytes: Vec::new() });
}

#[test]
fn damaged_body_is_an_error_in_words_and_never_another_body() {
    let packed = pack(BODY_1.as_bytes().to_vec());
    for at in 0..packed.bytes.len() {
        let mut damaged = packed.bytes.clone();
        damaged[at] ^= 1;
        match unpack(packed.codec, damaged) {
            Ok(body) => assert_eq!(body, BODY_1.as_bytes(), "byte {at}"),
            Err(why) => assert!(why.contains("damaged"), "{why}"),
        }
    }
    assert!(unpack(packed.codec, packed.bytes[1..].to_vec()).is_err());
    assert!(unpack(77, Vec::new()).unwrap_err().contains("codec 77"));
}
