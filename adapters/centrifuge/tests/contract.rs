//! The contract of `ClientProtocol`, run on each protocol of this adapter.

mod json {
    use ports::contract::protocol::Dialect;

    fn fresh() -> Dialect {
        let commands = [
            r#"{"id":1,"connect":{"token":"t","data":7,"subs":{"a":{"recover":true,"offset":3,"epoch":"kQzWbnLd","delta":"fossil"},"b":{"recover":true},"c":{}},"name":"js","version":"1.0","headers":{"cookie":"a=b"}}}"#,
            r#"{"id":2,"subscribe":{"channel":"news:a","token":"t","recover":true,"offset":9,"epoch":"kQzWbnLd","data":7,"positioned":true,"recoverable":true,"join_leave":true,"delta":"fossil","tf":{"op":"and","nodes":[{"key":"a","cmp":"ex"},{"key":"b","cmp":"eq","val":"x"},{"op":"not","nodes":[{"key":"c","cmp":"in","vals":["x","y"]}]}]},"flag":3,"type":1}}"#,
            r#"{"id":3,"unsubscribe":{"channel":"news:a"}}"#,
            r#"{"id":4,"publish":{"channel":"news:a","data":{"a":[1]}}}"#,
            r#"{"id":5,"presence":{"channel":"news:a"}}"#,
            r#"{"id":6,"presence_stats":{"channel":"news:a"}}"#,
            r#"{"id":7,"history":{"channel":"news:a","limit":-1,"since":{"offset":1,"epoch":"kQzWbnLd"},"reverse":true}}"#,
            r#"{"id":8,"ping":{}}"#,
            r#"{"id":9,"rpc":{"method":"sum","data":{"a":[1]}}}"#,
            r#"{"id":10,"refresh":{"token":"t"}}"#,
            r#"{"id":11,"sub_refresh":{"channel":"news:a","token":"t"}}"#,
            r#"{"id":12}"#,
            r#"{"send":{"data":{"a":[1]}}}"#,
            "{}",
        ];
        Dialect {
            protocol: Box::new(centrifuge::Json),
            commands: commands.map(|line| line.as_bytes().to_vec()).to_vec(),
            broken: b"{]",
            separator: b"\n",
        }
    }

    ports::protocol_contract!(fresh);
}

#[path = "../src/protobuf/tests/notation.rs"]
mod notation;

mod protobuf {
    use ports::contract::protocol::Dialect;

    use super::notation::{bytes, frame, message, number};

    fn fresh() -> Dialect {
        let data = r#"{"a":[1]}"#;
        let channel = || bytes(1, "news:a");
        let commands = [
            message(4, &connect()),
            message(5, &subscribe()),
            message(6, &[channel()]),
            message(7, &[channel(), bytes(2, data)]),
            message(8, &[channel()]),
            message(9, &[channel()]),
            message(
                10,
                &[
                    channel(),
                    number(7, u64::MAX),
                    message(8, &[number(1, 1), bytes(2, "kQzWbnLd")]),
                    number(9, 1),
                ],
            ),
            bytes(11, ""),
            message(13, &[bytes(1, data), bytes(2, "sum")]),
            message(14, &[bytes(1, "t")]),
            message(15, &[channel(), bytes(2, "t")]),
            Vec::new(),
        ];
        let numbered = (1..).zip(commands).map(|(id, command)| frame(&[number(1, id), command]));
        let unnumbered = [frame(&[message(12, &[bytes(1, data)])]), b"\x00".to_vec()];
        Dialect {
            protocol: Box::new(centrifuge::Protobuf),
            commands: numbered.chain(unnumbered).collect(),
            broken: b"\x01\xff",
            separator: b"",
        }
    }

    fn connect() -> Vec<Vec<u8>> {
        let recovered = [number(3, 1), bytes(6, "kQzWbnLd"), number(7, 3), bytes(12, "fossil")];
        vec![
            bytes(1, "t"),
            bytes(2, "7"),
            message(3, &[bytes(1, "a"), message(2, &recovered)]),
            message(3, &[bytes(1, "b"), message(2, &[number(3, 1)])]),
            message(3, &[bytes(1, "c"), bytes(2, "")]),
            bytes(4, "js"),
            bytes(5, "1.0"),
            message(6, &[bytes(1, "cookie"), bytes(2, "a=b")]),
        ]
    }

    fn subscribe() -> Vec<Vec<u8>> {
        let leaf = |key: &str, cmp: &str| [bytes(2, key), bytes(3, cmp)].concat();
        let exists = leaf("a", "ex");
        let is = [leaf("b", "eq"), bytes(4, "x")].concat();
        let is_one_of = [leaf("c", "in"), bytes(5, "x"), bytes(5, "y")].concat();
        let not = [bytes(1, "not"), bytes(6, is_one_of)].concat();
        vec![
            bytes(1, "news:a"),
            bytes(2, "t"),
            number(3, 1),
            bytes(6, "kQzWbnLd"),
            number(7, 9),
            bytes(8, "7"),
            number(9, 1),
            number(10, 1),
            number(11, 1),
            bytes(12, "fossil"),
            message(13, &[bytes(1, "and"), bytes(6, exists), bytes(6, is), bytes(6, not)]),
            number(14, 3),
            number(15, 1),
        ]
    }

    ports::protocol_contract!(fresh);
}
