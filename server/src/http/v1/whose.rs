//! Whose connections a call is about.

use ports::ids::{ClientId, SessionKey};
use wigwag_core::connections::Whose;

use super::refusal::bad_fields;
use crate::http::problem::{FieldError, Problem};

/// The connections of a user, or the one that an id or a secret names. A text that is neither is refused: left aside, it
/// would mean all connections of the user.
pub(super) fn whose(user: String, client: Option<String>, session: Option<String>) -> Result<Whose, Problem> {
    let bad_client =
        client.as_deref().filter(|id| ClientId::parse(id).is_none()).map(|_| "client".to_owned());
    let bad_session =
        session.as_deref().filter(|key| SessionKey::parse(key).is_none()).map(|_| "session".to_owned());
    refuse(bad_client.into_iter().chain(bad_session))?;
    Ok(Whose { user, client, session })
}

/// The connections that may stay, by id. A text that is no id is refused: left aside, one would be closed that was meant
/// to stay.
pub(super) fn spared(except: Option<Vec<String>>) -> Result<Vec<String>, Problem> {
    let except = except.unwrap_or_default();
    let bad = except.iter().enumerate().filter(|(_, id)| ClientId::parse(id).is_none());
    refuse(bad.map(|(index, _)| format!("except[{index}]")))?;
    Ok(except)
}

fn refuse(fields: impl Iterator<Item = String>) -> Result<(), Problem> {
    let message = "is no id; GET /v1/users/{user}/connections tells those of the connections";
    let errors: Vec<FieldError> =
        fields.map(|field| FieldError { field, message: message.to_owned() }).collect();
    if errors.is_empty() { Ok(()) } else { Err(bad_fields(errors)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "6f1c2a7e-0000-4000-8000-000000000001";

    #[test]
    fn a_text_that_is_no_id_does_not_mean_everybody() {
        let fields = |client: &str, session: &str| {
            let problem = whose("ann".into(), Some(client.into()), Some(session.into())).err();
            let errors = problem.map(|problem| problem.errors).unwrap_or_default();
            errors.into_iter().map(|error| error.field).collect::<Vec<_>>()
        };

        assert_eq!(fields(ID, ID), [""; 0]);
        assert_eq!(fields("", ID), ["client"]);
        assert_eq!(fields(ID, "typo"), ["session"]);
        assert_eq!(fields("", ""), ["client", "session"]);
        assert!(whose("ann".into(), None, None).is_ok());
    }

    #[test]
    fn exceptions_are_ids_and_the_others_are_told_by_place() {
        let spared = |ids: &[&str]| spared(Some(ids.iter().map(|id| (*id).to_owned()).collect()));

        assert_eq!(spared(&[ID]).ok(), Some(vec![ID.to_owned()]));
        let problem = spared(&[ID, "typo", ""]).err().unwrap();
        let fields: Vec<&str> = problem.errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["except[1]", "except[2]"]);
    }
}
