//! Profiles of one's own: what their text may say, and how files are read by it.

use super::*;

const OWN: &str = "# own\nname = own\nnumbers = 1.234,56\ndates = D/M/YY\nbooking_date = Day\n\
    description = What\namount = Sum\nminus_is_debit = yes\nseparators = tab";

#[test]
fn a_profile_is_read_from_its_text() {
    let file = "Day\tWhat\tSum\n3/9/18\tA\t-1.000\n3/9/18\tB\t1.000,50\n";
    let statement = one_as(file, &by(OWN));
    assert_eq!((statement.layout.as_str(), &statement.bank), ("own", &None));
    assert_eq!(movements(&statement), "2 2018-09-03 debit 1000\n3 2018-09-03 credit 1000.5");
}

#[test]
fn a_wrong_line_is_named_and_so_is_what_is_missing() {
    for (line, reason) in [
        ("colour = red", "line 10 of the profile: there is no key `colour`"),
        ("numbers = 1", "line 10 of the profile: `1` is not `1,234.56` or `1.234,56`"),
        ("dates = today", "line 10 of the profile: `today` is not a pattern"),
        ("credit = Sum", "line 10 of the profile: the column `Sum` has another meaning already"),
        ("ignored = Sum", "line 10 of the profile: the column `Sum` has another meaning already"),
        ("credit = ---", "line 10 of the profile: `---` is no column's name"),
        ("currency = I\u{1f}R", "line 10 of the profile: it has a control character"),
        ("nonsense", "line 10 of the profile: `nonsense` is not `key = value`"),
        ("credit =", "line 10 of the profile: `credit` has no value"),
        ("bank = BRI", "line 10 of the profile: `BRI` is not a bank's code"),
        ("encoding = latin", "line 10 of the profile: `latin` is not an encoding"),
        ("separators = colon", "line 10 of the profile: `colon` is not `comma`"),
        ("minus_is_debit = maybe", "line 10 of the profile: `maybe` is not `yes` or `no`"),
        ("business_date = today", "line 10 of the profile: `today` is not `booking` or `value`"),
        ("[layout]", "line 10 of the profile: `[layout]` is not `[layout NAME]`"),
        ("[layout a b]", "line 10 of the profile: `[layout a b]` is not `[layout NAME]`"),
        (
            "dates = DD/MM/YY | MM/DD/YY",
            "`05/04/03` is one day as `MM/DD/YY` and another as `DD/MM/YY`",
        ),
        ("[layout a]\nname = b", "line 11 of the profile: `name` is of the whole profile"),
        ("[layout a]\n[layout a]", "line 11 of the profile: there are two layouts `a`"),
    ] {
        let error = Profile::parse(&format!("{OWN}\n{line}")).unwrap_err().to_string();
        let both = ["05/04/03", "one day as"].iter().all(|part| error.contains(part));
        assert!(error.starts_with(reason) || (line.starts_with("dates = DD") && both), "{error}");
    }
    for (text, reason) in [
        ("", "the profile has no `name`"),
        ("name = x", "the profile has no `numbers`"),
        ("name = x\n[layout a]", "the layout `a` has no `numbers`"),
        ("name = x\nnumbers = 1,234.56\n[layout a]", "the layout `a` has no `dates`"),
    ] {
        assert_eq!(Profile::parse(text).unwrap_err().to_string(), reason);
    }
}

#[test]
fn the_header_row_chooses_among_the_layouts_of_a_profile() {
    let text = "name = two\nnumbers = 1,234.56\ndates = DD/MM/YYYY\nbooking_date = Day\n\
        description = What\n[layout plain]\ndebit = Out\ncredit = In\n\
        [layout comma]\nnumbers = 1.234,56\nseparators = semicolon\ndebit = Out\ncredit = In\n\
        needs = Place\nbalance = Left\n";
    let how = by(text);
    let plain = one_as("Day,What,Out,In\n03/09/2018,A,,\"1,000.00\"\n", &how);
    assert_eq!(
        (plain.layout.as_str(), movements(&plain)),
        ("two/plain", "2 2018-09-03 credit 1000".to_owned())
    );
    let comma = one_as("Day;What;Place;Out;In;Left\n03/09/2018;A;;;1.000,00;1.000,00\n", &how);
    assert_eq!(
        (comma.layout.as_str(), movements(&comma)),
        ("two/comma", "2 2018-09-03 credit 1000".to_owned())
    );
    let names: Vec<_> = how.profile.as_ref().unwrap().layouts().map(str::to_owned).collect();
    assert_eq!(names, ["plain", "comma"]);
    // Two layouts with the same columns are not chosen between by luck.
    let same = format!("{text}[layout third]\ndebit = Out\ncredit = In\n");
    assert_eq!(
        refusal("Day,What,Out,In\n", &by(&same)),
        "line 1: the header row is one of `two/plain` and `two/third`: name the bank, or describe \
         the layout in a profile"
    );
}

#[test]
fn dates_without_a_year_take_it_from_the_period_or_from_who_asks() {
    let profile = "name = own\nnumbers = 1.234,56\ndates = DD/MM | DD/MM/YYYY\nperiod = Periode\n\
        booking_date = Tanggal\ndescription = Keterangan\ndebit = Debet\ncredit = Kredit\n";
    let rows = "Tanggal,Keterangan,Debet,Kredit\n31/12,A,,5\n01/01,B,,7\n";
    let days = "2 2018-12-31 credit 5\n3 2019-01-01 credit 7";
    let period = format!("Periode : 01/12/2018 - 05/01/2019\n{rows}");
    let statement = one_as(&period, &by(profile));
    assert_eq!(movements(&statement), days.replace("2 2018", "3 2018").replace("3 2019", "4 2019"));
    assert_eq!(statement.details.from.unwrap().to_string(), "2018-12-01");
    assert_eq!(statement.details.to.unwrap().to_string(), "2019-01-05");
    let asked = ReadAs { around: Some("2019-01-02".parse().unwrap()), ..by(profile) };
    assert_eq!(movements(&one_as(rows, &asked)), days);
    assert_eq!(
        refusal(rows, &by(profile)),
        "line 2, column `Tanggal`: `31/12` has no year, and no period above the header says which \
         one it is"
    );
    let leap = rows.replace("31/12", "29/02");
    let of_year = |year: &str| ReadAs {
        around: Some(format!("{year}-03-01").parse().unwrap()),
        ..by(profile)
    };
    let reason = "line 2, column `Tanggal`: `29/02` is not a date";
    assert!(refusal(&leap, &of_year("2019")).starts_with(reason));
    assert!(movements(&one_as(&leap, &of_year("2020"))).starts_with("2 2020-02-29"));
}

#[test]
fn the_profile_says_what_signs_and_words_mean() {
    let profile = "name = own\nnumbers = 1.234,56\ndates = DD/MM/YYYY\nbooking_date = Tgl\n\
        description = Ket\namount = Jumlah\nsign = Jenis\ndebit_words = Keluar | -\n\
        credit_words = Masuk | +\n";
    let rows = "Tgl,Ket,Jumlah,Jenis\n03/09/2018,A,\"Rp 100.000,00\",masuk\n03/09/2018,B,5,-\n03/09/2018,C,6,+\n";
    assert_eq!(
        movements(&one_as(rows, &by(profile))),
        "2 2018-09-03 credit 100000\n3 2018-09-03 debit 5\n4 2018-09-03 credit 6"
    );
    let below = "name = own\nnumbers = 1,234.56\ndates = DD/MM/YYYY\nbooking_date = Tgl\n\
        description = Ket\ndebit = Out\ncredit = In\n";
    let rows = "Tgl,Ket,Out,In\n03/09/2018,A,-5.00,\n03/09/2018,B,,(6.00)\nTotal,,-5.00,(6.00)\n";
    let totals = format!("{below}total_row = Total\n");
    assert_eq!(
        movements(&one_as(rows, &by(&totals))),
        "2 2018-09-03 credit 5\n3 2018-09-03 debit 6"
    );
    let negative = format!("{totals}debits_below_zero = yes\n");
    assert_eq!(
        movements(&one_as(rows, &by(&negative))),
        "2 2018-09-03 debit 5\n3 2018-09-03 debit 6"
    );
}

#[test]
fn letters_behind_an_amount_say_its_direction() {
    let profile = "name = own\nnumbers = 1,234.56\ndates = DD/MM/YYYY\nbooking_date = Tgl\n\
        description = Ket\namount = Mutasi\nbalance = Saldo\n";
    let rows = "Tgl,Ket,Mutasi,Saldo\n03/09/2018,A,\"287,490.00 DB\",5.00 DB\n03/09/2018,B,10.00 CR,5.00 CR\n";
    let statement = one_as(rows, &by(profile));
    assert_eq!(movements(&statement), "2 2018-09-03 debit 287490\n3 2018-09-03 credit 10");
    assert_eq!(statement.lines[0].balance.unwrap().to_string(), "-5.00");
    assert_eq!(statement.balances_hold(), Some(true));
    let silent = rows.replace("10.00 CR,5.00", "10.00,5.00");
    assert_eq!(
        refusal(silent, &by(profile)),
        "line 3, column `Mutasi`: `10.00` does not say whether money came in or went out"
    );
}

#[test]
fn every_built_in_profile_is_a_text_to_start_from() {
    for bank in ["bri", "bni", "mandiri", "btn"] {
        let text = Profile::text_of_bank(&bank.parse().unwrap()).unwrap();
        let again = Profile::parse(text).unwrap();
        assert_eq!(again.name(), bank);
        assert_eq!(
            again.layouts().collect::<Vec<_>>(),
            profile(bank).layouts().collect::<Vec<_>>()
        );
    }
    assert!(Profile::text_of_bank(&"bca".parse().unwrap()).is_err());
    assert!(profile("bri").only("nothing").is_none());
}

#[test]
fn a_check_shows_how_each_column_was_read() {
    let sample = "Tgl Trans,Uraian,Debet,Kredit,Saldo,Cabang\n\
        03/09/18,A,,5.00,5.00,X\nPEND,B,,1.00,,X\n03/09/18,C,x,,5.00,X\n";
    let check = check_profile(sample.as_bytes(), &of_bank("bni")).unwrap();
    assert_eq!(check.format, Format::Csv);
    let list = &check.lists[0];
    assert_eq!((list.layout.as_str(), list.header_line, &list.sheet), ("bni/counter", 1, &None));
    assert_eq!(list.form.as_deref(), Some("UTF-8 or Windows-1252, separated by `,`"));
    let read: Vec<_> =
        list.columns.iter().map(|column| (column.header.as_str(), column.read_as)).collect();
    assert_eq!(
        read,
        [
            ("Tgl Trans", Some("booking_date")),
            ("Uraian", Some("description")),
            ("Debet", Some("debit")),
            ("Kredit", Some("credit")),
            ("Saldo", Some("balance")),
            ("Cabang", None),
        ]
    );
    let values = |column: usize| -> Vec<String> {
        let values = list.columns[column].values.iter();
        values.map(|value| format!("{} -> {:?}", value.cell, value.read)).collect()
    };
    assert_eq!(
        values(0),
        [
            "03/09/18 -> Ok(\"2018-09-03 (DD/MM/YY)\")",
            "PEND -> Ok(\"not booked yet, left out\")",
            "03/09/18 -> Ok(\"2018-09-03 (DD/MM/YY)\")",
        ]
    );
    assert!(values(2)[0].contains("it has no digits"), "{:?}", values(2));
    assert_eq!(values(3), ["5.00 -> Ok(\"5.00\")", "1.00 -> Ok(\"1.00\")"]);
    let outcome = check.outcome.unwrap_err().to_string();
    assert!(outcome.starts_with("line 4, column `Debet`: `x` is not an amount"), "{outcome}");

    let message = b":20:1\r\n:25:0012345678\r\n:60F:C180902IDR5,\r\n";
    let error = check_profile(message, &of_bank("bni")).unwrap_err().to_string();
    assert!(error.contains("a message, which has no columns"), "{error}");
}

#[test]
fn tabs_are_blanks_and_get_into_no_message() {
    let tabbed = OWN.replacen("name = ", "name =\tmy\t", 1);
    let error = open(&b"nothing\n"[..], &by(&tabbed)).unwrap_err().to_string();
    assert!(error.contains("`my ") && !error.contains(char::is_control), "{error:?}");
}
