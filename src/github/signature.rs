//! Webhook signatures: HMAC-SHA256 over the raw body, compared in constant time.
//!
//! GitHub's description: <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>.

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::SecretText;

/// Why a webhook's signature is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is no signature at all.
    #[error("the header x-hub-signature-256 is missing: set a secret on the webhook")]
    Missing,
    /// Only the legacy SHA-1 signature came.
    #[error("only the legacy SHA-1 signature x-hub-signature was sent, x-hub-signature-256 is missing")]
    OnlySha1,
    /// The header is not `sha256=` and 64 hexadecimal digits.
    #[error("the header x-hub-signature-256 is not `sha256=` followed by 64 hexadecimal digits")]
    Malformed,
    /// No configured secret gives this signature.
    #[error("the signature does not fit the body under any configured secret")]
    Wrong,
}

/// The webhook's secrets, made ready once so that verifying costs only the hashing of the body. Several are
/// accepted at a time so that a secret can be replaced without losing deliveries.
#[derive(Clone)]
pub struct WebhookSecrets {
    keyed: Vec<Hmac<Sha256>>,
}

impl WebhookSecrets {
    /// Makes the secrets ready. Empty ones are left out: everyone could sign with them.
    #[must_use]
    pub fn new(secrets: &[SecretText]) -> Self {
        let keyed = secrets
            .iter()
            .map(SecretText::expose)
            .filter(|secret| !secret.is_empty())
            // HMAC takes keys of any length, so this leaves nothing out.
            .filter_map(|secret| Hmac::new_from_slice(secret.as_bytes()).ok())
            .collect();
        Self { keyed }
    }

    /// Checks a body against `x-hub-signature-256`. `legacy` says whether `x-hub-signature` (SHA-1) was sent; it
    /// is never accepted and only makes for a better message.
    ///
    /// # Errors
    /// When the header is missing or malformed, or no secret fits.
    pub fn verify(&self, body: &[u8], header: Option<&str>, legacy: bool) -> Result<(), SignatureError> {
        let Some(header) = header else {
            return Err(if legacy { SignatureError::OnlySha1 } else { SignatureError::Missing });
        };
        let expected = header.strip_prefix("sha256=").and_then(digest).ok_or(SignatureError::Malformed)?;
        for keyed in &self.keyed {
            let mut mac = keyed.clone();
            mac.update(body);
            if mac.verify_slice(&expected).is_ok() {
                return Ok(());
            }
        }
        Err(SignatureError::Wrong)
    }
}

impl std::fmt::Debug for WebhookSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WebhookSecrets({})", self.keyed.len())
    }
}

/// [`WebhookSecrets::verify`] for a single use.
///
/// # Errors
/// When the header is missing or malformed, or no secret fits.
pub fn verify(secrets: &[SecretText], body: &[u8], header: Option<&str>) -> Result<(), SignatureError> {
    WebhookSecrets::new(secrets).verify(body, header, false)
}

/// What to sign a body with: `sha256=` and 64 hexadecimal digits.
pub(super) fn sign(secret: &SecretText, body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).ok()?;
    mac.update(body);
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("sha256={hex}"))
}

/// The 32 bytes behind 64 hexadecimal digits.
fn digest(hex: &str) -> Option<[u8; 32]> {
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    let mut bytes = [0; 32];
    if pairs.len() != bytes.len() || !rest.is_empty() {
        return None;
    }
    for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = nibble(high)? << 4 | nibble(low)?;
    }
    Some(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    // GitHub's own test vector.
    const SECRET: &str = "It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello, World!";
    const HEADER: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn secrets(texts: &[&str]) -> Vec<SecretText> {
        texts.iter().map(|text| SecretText::new(*text)).collect()
    }

    #[test]
    fn githubs_test_vector_is_accepted_under_any_of_several_secrets() {
        assert_eq!(verify(&secrets(&[SECRET]), BODY, Some(HEADER)), Ok(()));
        assert_eq!(verify(&secrets(&["new", SECRET]), BODY, Some(HEADER)), Ok(()));
        assert_eq!(
            verify(&secrets(&[SECRET]), BODY, Some(&HEADER.to_uppercase().replace("SHA256", "sha256"))),
            Ok(())
        );
    }

    #[test]
    fn what_is_signed_is_accepted() {
        assert_eq!(sign(&SecretText::new(SECRET), BODY).as_deref(), Some(HEADER));
    }

    #[test]
    fn everything_else_is_refused_with_its_reason() {
        type Case<'a> = (&'a [&'a str], &'a [u8], Option<&'a str>, SignatureError);
        let cases: &[Case<'_>] = &[
            (&[SECRET], BODY, None, SignatureError::Missing),
            (&[SECRET], BODY, Some(""), SignatureError::Malformed),
            (&[SECRET], BODY, Some("sha256="), SignatureError::Malformed),
            (
                &[SECRET],
                BODY,
                Some("sha1=757107ea0eb2509fc211221cce984b8a37570b6d"),
                SignatureError::Malformed,
            ),
            (&[SECRET], BODY, Some(&HEADER[..70]), SignatureError::Malformed),
            (
                &[SECRET],
                BODY,
                Some("sha256=é57107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e1"),
                SignatureError::Malformed,
            ),
            (&[SECRET], BODY, Some(&HEADER.replace('7', "8")), SignatureError::Wrong),
            (&[SECRET], b"Hello, World?", Some(HEADER), SignatureError::Wrong),
            (&["other"], BODY, Some(HEADER), SignatureError::Wrong),
            (&[], BODY, Some(HEADER), SignatureError::Wrong),
        ];
        for (keys, body, header, reason) in cases {
            assert_eq!(verify(&secrets(keys), body, *header), Err(*reason), "{header:?}");
        }
        assert_eq!(WebhookSecrets::new(&[]).verify(BODY, None, true), Err(SignatureError::OnlySha1));
    }

    #[test]
    fn an_empty_secret_accepts_nothing() {
        let mut mac = Hmac::<Sha256>::new_from_slice(b"").unwrap();
        mac.update(BODY);
        let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(verify(&secrets(&[""]), BODY, Some(&format!("sha256={hex}"))), Err(SignatureError::Wrong));
    }
}
