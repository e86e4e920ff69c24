//! Each kind of broken file that is found in the wild: what is read, and which finding stands where.

use busyhour_scenario::diagnostic::{Level, codes};
use busyhour_scenario::xml::{Element, Node, parse, parse_fragment};

/// Reads a text and gives the tree with each finding as `CODE:TEXT AT ITS SPAN`.
fn read(text: &str) -> (Element, Vec<String>) {
    let (root, diagnostics) = parse(text);
    for diagnostic in &diagnostics {
        assert!(!diagnostic.message.is_empty() && !diagnostic.help.is_empty(), "{diagnostic:?}");
        assert_eq!(diagnostic.level == Level::Error, diagnostic.code.starts_with('E'), "{diagnostic:?}");
    }
    let found = diagnostics.iter().map(|finding| format!("{}:{}", finding.code, &text[finding.span.clone()]));
    (root.unwrap(), found.collect())
}

fn value<'a>(element: &'a Element, name: &str) -> &'a str {
    &element.attribute(name).unwrap().value
}

fn names(element: &Element) -> Vec<&str> {
    element.elements().map(|child| child.name.as_str()).collect()
}

#[test]
fn a_plain_scenario_has_no_finding() {
    let text = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\" ?>\n<!DOCTYPE scenario SYSTEM \"sipp.dtd\">\n<!-- one -->\n\
        <scenario name=\"A &amp; B\">\n <send retrans='500'>\r\n  <![CDATA[\r\nINVITE a & <b>\r\n]]>\n </send>\n\
        <recv response=\"100\"\n\toptional=\"true\"/> x <pause/></scenario>\n<?end of it?>\n";
    let (root, found) = read(text);
    assert_eq!(found, [""; 0]);
    assert_eq!(value(&root, "name"), "A & B");
    assert_eq!(names(&root), ["send", "recv", "pause"]);
    let send = root.elements().next().unwrap();
    assert!(matches!(&send.children[..], [Node::CData { text, .. }] if text == "\nINVITE a & <b>\n"));
    assert!(text[send.span.clone()].starts_with("<send") && text[send.span.clone()].ends_with("</send>"));
    assert_eq!(&text[send.name_span.clone()], "send");
    let retrans = send.attribute("retrans").unwrap();
    assert_eq!((&text[retrans.name_span.clone()], &text[retrans.value_span.clone()]), ("retrans", "500"));
    assert!(matches!(&root.children[2], Node::Text { text, .. } if text == " x "));
}

#[test]
fn quotes_escaped_by_backslashes_belong_to_the_value() {
    let (root, found) = read(r#"<a regexp="nonce=\"([^\"]*)\"" search_in="hdr" b="1"/>"#);
    assert_eq!(found, [r#"W001:\""#]);
    assert_eq!(value(&root, "regexp"), r#"nonce="([^"]*)""#);
    assert_eq!((value(&root, "search_in"), value(&root, "b")), ("hdr", "1"));

    let (root, found) = read(r#"<a regexp="\" <sip:(.*)>\\" b="2"></a>"#);
    assert_eq!(found, [r#"W001:\""#, "W004:<"]);
    assert_eq!((value(&root, "regexp"), value(&root, "b")), (r#"" <sip:(.*)>\"#, "2"));
}

#[test]
fn a_well_formed_tag_is_read_as_xml_even_if_a_value_ends_with_a_backslash() {
    let (root, found) = read(r#"<a regexp="\d\" b="x"/>"#);
    assert_eq!(found, [r#"W028:\""#]);
    assert_eq!((value(&root, "regexp"), value(&root, "b")), (r"\d\", "x"));
    assert_eq!(read(r#"<a regexp="\\"/>"#).1, [""; 0]);
}

#[test]
fn an_unclosed_root_ends_with_the_file() {
    let (root, found) = read("<scenario><recv response=\"200\"/>\n");
    assert_eq!(found, ["W002:scenario"]);
    assert_eq!(names(&root), ["recv"]);
}

#[test]
fn a_file_that_ends_deeper_is_not_trusted() {
    assert_eq!(read("<scenario><send>").1, ["E013:send"]);
    assert_eq!(read("<scenario><send").1, ["E006:<send"]);
    assert_eq!(read("<scenario><send a=\"b").1, ["E006:<send", "E008:\""]);
    assert_eq!(read("<scenario></scenario").1, ["E006:</"]);
    assert_eq!(read("<scenario><send><![CDATA[ x ]]").1, ["E004:<![CDATA["]);
    assert_eq!(read("<scenario><!-- x -></scenario>").1, ["E003:<!--"]);
    assert_eq!(read("<scenario><?php </scenario>").1, ["E005:<?"]);
    assert_eq!(read("<scenario><!x").1, ["E005:<!"]);
}

#[test]
fn hyphens_in_comments_are_skipped_with_the_comment() {
    let (root, found) = read("<s><!-- a -- b --><x/><!--c---><y/></s>");
    assert_eq!(found, ["W003:--", "W003:--"]);
    assert_eq!(names(&root), ["x", "y"]);
}

#[test]
fn a_less_than_in_a_value_is_taken_as_it_is() {
    let (root, found) = read("<s a=\"<sip:(.*)>\" b='1'/>");
    assert_eq!(found, ["W004:<"]);
    assert_eq!((value(&root, "a"), value(&root, "b")), ("<sip:(.*)>", "1"));
}

#[test]
fn quotes_that_do_not_pair_up_are_errors_where_they_stand() {
    for text in [
        "<s><recv response=\"200>\n<send retrans=\"500\"/></s>",
        "<s><recv response=\"200 rrs=\"true\"/></s>",
    ] {
        let (_, diagnostics) = parse(text);
        let first = diagnostics.iter().find(|diagnostic| diagnostic.code == codes::QUOTE_NOT_CLOSED);
        assert_eq!(first.unwrap().span, 18..19, "{text}");
    }
    assert_eq!(read("<s><recv response=200\" rrs=\"true\"/></s>").1, ["W005:200", "E008:\""]);
}

#[test]
fn values_without_quotes_are_read_to_the_next_blank() {
    let (root, found) = read("<s><recv response=200 a=x/y optional=true/></s>");
    assert_eq!(found, ["W005:200", "W005:x/y", "W005:true"]);
    let recv = root.elements().next().unwrap();
    assert_eq!((value(recv, "response"), value(recv, "a"), value(recv, "optional")), ("200", "x/y", "true"));
}

#[test]
fn of_attributes_given_twice_the_first_counts() {
    let (root, found) = read("<s a=\"1\" b=\"x\" a=\"2\"/>");
    assert_eq!(found, ["W006:a"]);
    assert_eq!((root.attributes.len(), value(&root, "a")), (2, "1"));
}

#[test]
fn attributes_may_lack_value_or_space() {
    let (root, found) = read("<s crlf a=\"1\"b=\"2\" c= ></s>");
    assert_eq!(found, ["W018:crlf", "W017:b", "W018:c"]);
    assert_eq!((value(&root, "crlf"), value(&root, "b"), value(&root, "c")), ("", "2", ""));
    let (root, found) = read("<s a=\"1\", b=\"2\" / ></s>");
    assert_eq!(found, ["W019:,", "W019:/ >", "W011:</s>"]);
    assert_eq!(value(&root, "b"), "2");
}

#[test]
fn lone_ampersands_and_unknown_entities_stay_as_written() {
    let (root, found) = read("<s a=\"x&y &nbsp; &#xD800;\">R&D</s>");
    assert_eq!(found, ["W007:&", "W008:&nbsp;", "W009:&#xD800;", "W007:&"]);
    assert_eq!(value(&root, "a"), "x&y &nbsp; &#xD800;");
    assert!(matches!(&root.children[..], [Node::Text { text, .. }] if text == "R&D"));
}

#[test]
fn a_misspelt_end_tag_ends_its_element() {
    let (root, found) = read("<scenario><send></Send><timewait></timewiat><nop/></scenaro>");
    assert_eq!(found, ["W010:Send", "W010:timewiat", "W010:scenaro"]);
    assert_eq!(names(&root), ["send", "timewait", "nop"]);
}

#[test]
fn an_end_tag_without_start_is_ignored() {
    let (root, found) = read("<scenario><recv/></recv><nop/></ nop ></scenario>");
    assert_eq!(found, ["W011:</recv>", "W019:</ nop >", "W011:</ nop >"]);
    assert_eq!(names(&root), ["recv", "nop"]);
}

#[test]
fn an_element_without_end_tag_ends_with_its_parent_unless_it_took_others_in() {
    let (root, found) = read("<scenario><nop><action><log message=\"x\"></action></nop></scenario>");
    assert_eq!(found, ["W012:log"]);
    assert_eq!(names(&root), ["nop"]);
    assert_eq!(read("<scenario><recv response=\"100\"><recv response=\"200\"/></scenario>").1, ["E011:recv"]);
}

#[test]
fn what_stands_outside_the_root_is_ignored() {
    let (root, found) = read("junk <scenario/> more <send>x</send><![CDATA[y]]>");
    assert_eq!(found, ["W013:junk", "W013:more", "W014:send", "W013:<![CDATA[y]]>"]);
    assert_eq!(root.name, "scenario");
}

#[test]
fn the_declaration_may_be_missing_late_or_badly_ended() {
    assert_eq!(read("<s/>").1, [""; 0]);
    assert_eq!(read("\n<?xml version=\"1.0\"?><s/>").1, ["W015:<?xml"]);
    assert_eq!(read("<?xml version=\"1.0\"><s/>").1, ["W016:<?xml"]);
    assert_eq!(read("<?xml version=\"1.0\"\n<s/>").1, ["W016:<?xml"]);
    assert_eq!(read("\u{FEFF}<?xml version=\"1.0\"?><s/>").1, [""; 0]);
}

#[test]
fn a_document_type_is_skipped_with_its_subset() {
    let subset = "<!DOCTYPE s [ <!-- ]> ' --> <!ENTITY a \"]>\"> <?x ]> ?> <!ELEMENT s ANY> ]>";
    assert_eq!(read(&format!("{subset}<s/>")).1, [""; 0]);
    assert_eq!(read(&format!("{subset}<s b=\"&a;\"/>")).1, ["W008:&a;"]);
    assert_eq!(read("<s><!DOCTYPE s></s>").1, ["W023:<!DOCTYPE"]);
    let (root, found) = read("<!DOCTYPE s SYSTEM \"sipp.dtd>\n<s/>");
    assert_eq!((root.name.as_str(), found), ("s", vec!["E008:\"".to_owned()]));
    assert_eq!(parse("<!DOCTYPE s [ <s/>").1[0].code, codes::UNCLOSED_MARKUP);
    assert_eq!(read("<s><!ELEMENT x></s>").1, ["W024:<!ELEMENT x>"]);
}

#[test]
fn a_less_than_in_text_is_text_unless_it_looks_like_a_tag() {
    let (root, found) = read("<s>1 < 2 <= 3 ]]&gt; ]]></s>");
    assert_eq!(found, ["W020:<", "E012:<", "W021:]]>"]);
    assert!(matches!(&root.children[..], [Node::Text { text, .. }] if text == "1 < 2 <= 3 ]]> ]]>"));
    assert_eq!(read("<s>1 < 2</s>").1, ["W020:<"]);
    assert_eq!(read("<s>< send></s>").1, ["E012:<"]);
    assert_eq!(read("<s><3pcc/></s>").1, ["E012:<"]);
}

#[test]
fn a_tag_that_is_not_closed_is_not_trusted() {
    let (_, found) = read("<s><recv response=\"200\"\n<send></send></s>");
    assert_eq!(found[0], "E007:<recv");
}

#[test]
fn a_forgotten_cdata_end_is_noticed_at_the_next_one() {
    assert_eq!(read("<s><a><![CDATA[ x </a><a><![CDATA[ y ]]></a></s>").1, ["W029:<![CDATA["]);
}

#[test]
fn nesting_and_attributes_have_limits() {
    let deep = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert_eq!(read(&deep(64)).1, [""; 0]);
    assert_eq!(read(&deep(65)).1, ["E009:a"]);
    let wide: String = (0..101).map(|index| format!(" a{index}=\"x\"")).collect();
    let (root, found) = read(&format!("<s{wide}/>"));
    assert_eq!((root.attributes.len(), found), (100, vec!["E010:a100".to_owned()]));
}

#[test]
fn findings_have_limits_and_are_sorted() {
    let (_, diagnostics) = parse(&format!("<s a=\"{}\"><b></s>", "& ".repeat(500)));
    assert_eq!(diagnostics.len(), 101);
    assert!(diagnostics.is_sorted_by_key(|diagnostic| diagnostic.span.start));
    let more = diagnostics.last().unwrap();
    assert_eq!((more.code, more.level), (codes::MORE_WARNINGS, Level::Warning));
    assert!(more.message.starts_with("401 "), "{}", more.message);
}

#[test]
fn a_fragment_may_hold_several_elements() {
    let (elements, diagnostics) =
        parse_fragment("<?xml version=\"1.0\"?>\n<send/>\n<!-- x -->\n<recv response=\"200\"/>\n");
    assert_eq!(elements.iter().map(|element| element.name.as_str()).collect::<Vec<_>>(), ["send", "recv"]);
    assert!(diagnostics.is_empty());
    assert_eq!(parse_fragment("<send>").1[0].code, codes::ENDS_IN_ELEMENT);
    assert_eq!(parse_fragment("<scenario>").1[0].code, codes::UNCLOSED_ROOT);
}
