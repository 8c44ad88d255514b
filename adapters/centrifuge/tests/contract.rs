//! The contract of `ClientProtocol`, run on each protocol of this adapter.

mod json {
    use ports::contract::protocol::Dialect;

    fn fresh() -> Dialect {
        Dialect {
            protocol: Box::new(centrifuge::Json),
            commands: &[
                br#"{"id":1,"connect":{"token":"t","data":{"a":[1]},"subs":{"c":{"recover":true,"offset":3}}}}"#,
                br#"{"id":2,"subscribe":{"channel":"news:a","recover":true,"epoch":"kQzWbnLd","flag":1}}"#,
                br#"{"id":3,"history":{"channel":"news:a","limit":-1,"since":{"offset":1},"reverse":true}}"#,
                br#"{"id":4,"publish":{"channel":"news:a","data":"gr\u00fcn"}}"#,
                br#"{"send":{"data":null}}"#,
                b"{}",
            ],
            broken: b"{]",
            separator: b"\n",
        }
    }

    ports::protocol_contract!(fresh);
}
