//! Lines as programs write them, against the moments that they mean; texts are ours, shapes theirs.

mod properties;
mod structured;
mod tables;
mod told;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::TimeFormat;
use super::clock::Clock;
use super::dater::Dater;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

/// Of a file in Zurich (an hour ahead of UTC in November), on a machine started at 8:00 UTC.
fn dater(format: Option<&str>) -> Dater {
    let clock = Clock::new(Tz::Europe__Zurich, utc("2026-11-21T00:00:00Z"))
        .booted_at(Some(utc("2026-11-20T08:00:00Z")));
    let format: Option<TimeFormat> = format.map(|format| format.parse().expect("a format"));
    Dater::new(clock, format.as_ref())
}

fn taught(log: &str, format: Option<&str>) -> Dater {
    let mut dater = dater(format);
    dater.learn(log.as_bytes());
    dater
}

fn at(dater: &mut Dater, line: &str) -> Option<DateTime<Utc>> {
    let moment = dater.moment(line.as_bytes())?;
    DateTime::from_timestamp(moment.seconds, moment.nanos)
}

/// A line of each kind of log that is understood without being told, all of one moment: 14:02:03
/// in Zurich on 20 November 2026.
const LINES: [(&str, &str); 77] = [
    ("RFC 3339", "2026-11-20T13:02:03Z starting"),
    (
        "Oracle, listener",
        "20-NOV-2026 14:02:03 * (CONNECT_DATA=(SID=x)) * establish * x * 0",
    ),
    (
        "Cisco, sequence number",
        "044164: *Nov 20 14:02:03.000: %LINK-3-UPDOWN: Interface Gi0/1, changed state to up",
    ),
    (
        "Db2, db2diag.log",
        "2026-11-20-14.02.03.000000+060 I123E456           LEVEL: Event",
    ),
    (
        "Db2, without zone",
        "2026-11-20-14.02.03.000000 Instance:db2inst1 Node:000",
    ),
    (
        "Snort, alert",
        "11/20-14:02:03.000000  [**] [1:2:3] ICMP PING [**] {ICMP} 10.0.0.5 -> 10.0.0.6",
    ),
    (
        "Zabbix",
        "  7171:20261120:140203.000 server #0 started [main process]",
    ),
    (
        "tracing",
        "2026-11-20T13:02:03.000000Z  INFO portal: listening",
    ),
    (
        "systemd, short-iso",
        "2026-11-20T14:02:03+0100 node-1 sshd[71]: session opened",
    ),
    (
        "rsyslog",
        "2026-11-20T14:02:03.000000+01:00 node-1 kernel: link up",
    ),
    (
        "RFC 5424",
        "<165>1 2026-11-20T13:02:03.000Z node-1 app 71 ID47 - started",
    ),
    (
        "log4j",
        "2026-11-20 14:02:03,000 [main] INFO  com.contoso.Store - opened",
    ),
    (
        "logback with level",
        "INFO  2026-11-20 14:02:03,000 [worker-3] c.c.Store - opened",
    ),
    (
        "Spring",
        "2026-11-20 14:02:03.000  INFO 71 --- [  restartedMain] c.c.App : started",
    ),
    (
        "level padded left",
        " INFO [2026-11-20 14:02:03,000] com.contoso.Store: opened",
    ),
    (
        "level padded left, longer",
        "ERROR [2026-11-20 14:02:03,000] com.contoso.Store: torn",
    ),
    (
        "thread in brackets",
        "[pool 3 thread 1] 2026-11-20 14:02:03 INFO opened",
    ),
    (
        "level and thread in brackets",
        "[INFO ] [main thread] [2026-11-20 14:02:03.000] opened",
    ),
    (
        "stamp within a bracket",
        "[worker-1|2026-11-20 14:02:03] opened",
    ),
    (
        "Python",
        "2026-11-20 14:02:03,000 - store - WARNING - nearly full",
    ),
    (
        "Python, level first",
        "WARNING:2026-11-20 14:02:03,000:store: nearly full",
    ),
    (
        "OpenStack, file name first",
        "nova-api.log.1.2026-11-21_13:53:08 2026-11-20 14:02:03.000 25746 INFO ready",
    ),
    ("grep -H", "/var/log/app.log:2026-11-20 14:02:03 opened"),
    (
        "container of Kubernetes",
        "2026-11-20T13:02:03.000000000Z stdout F opened",
    ),
    (
        "PostgreSQL",
        "2026-11-20 14:02:03.000 CET [71] LOG:  checkpoint starting",
    ),
    (
        "PostgreSQL in a zone without a name",
        "2026-11-20 16:02:03.000 +03 [71] LOG:  checkpoint starting",
    ),
    (
        "PostgreSQL in UTC",
        "2026-11-20 13:02:03.000 UTC [71] LOG:  checkpoint starting",
    ),
    (
        "MySQL",
        "2026-11-20T13:02:03.000000Z 0 [System] [MY-010116] ready",
    ),
    ("MySQL, old", "261120 14:02:03 [Note] ready"),
    (
        "Windows CBS",
        "2026-11-20 14:02:03, Info                  CBS    Starting TrustedInstaller",
    ),
    (
        "nginx error",
        "2026/11/20 14:02:03 [error] 71#71: *5 open() failed",
    ),
    ("Go", "2026/11/20 14:02:03.000000 main.go:7: started"),
    ("logrus", "INFO[2026-11-20T14:02:03+01:00] started  size=5"),
    (
        "colours",
        "\x1b[2m2026-11-20T13:02:03.000Z\x1b[0m \x1b[32m INFO\x1b[0m started",
    ),
    (
        "colours behind a level",
        "\x1b[32mINFO\x1b[0m \x1b[90m2026-11-20 14:02:03\x1b[0m started",
    ),
    ("syslog", "Nov 20 14:02:03 node-1 sshd[71]: session opened"),
    (
        "syslog with priority",
        "<34>Nov 20 14:02:03 node-1 su: failed",
    ),
    ("Cisco", "Nov 20 2026 14:02:03 fw-1 : %ASA-6-302013: built"),
    (
        "Apache error",
        "[Fri Nov 20 14:02:03.000000 2026] [core:error] [pid 71] AH00124: x",
    ),
    (
        "Apache error, old",
        "[Fri Nov 20 14:02:03 2026] [notice] ready",
    ),
    ("ctime", "Fri Nov 20 14:02:03 2026 : started"),
    ("date", "Fri Nov 20 13:02:03 UTC 2026 backup started"),
    (
        "java.util.logging",
        "Nov 20, 2026 2:02:03 PM com.contoso.Store open",
    ),
    (
        "access",
        "10.0.0.5 - frank [20/Nov/2026:14:02:03 +0100] \"GET / HTTP/1.1\" 200 5",
    ),
    (
        "access, virtual host",
        "www.contoso.example:443 10.0.0.5 - - [20/Nov/2026:14:02:03 +0100] \"GET /\" 200 5",
    ),
    (
        "Tomcat",
        "20-Nov-2026 14:02:03.000 INFO [main] o.a.c.Catalina.start ready",
    ),
    (
        "BIND",
        "20-Nov-2026 14:02:03.000 client @0x7f 10.0.0.5#5: query",
    ),
    (
        "Redis",
        "71:M 20 Nov 2026 14:02:03.000 * Ready to accept connections",
    ),
    (".NET", "11/20/2026 2:02:03 PM: Service started"),
    (
        ".NET behind a level",
        "Information 11/20/2026 2:02:03 PM Service started",
    ),
    ("German", "20.11.2026 14:02:03 Dienst gestartet"),
    (
        "IBM MQ",
        "11/20/26 14:02:03 - Process(71.1) User(mqm) AMQ5051I: started",
    ),
    (
        "WebSphere",
        "[11/20/26 14:02:03:000 CET] 00000071 WsServerImpl  A   ready",
    ),
    ("Liberty", "[11/20/26, 14:02:03:000 CET] 00000071 id= ready"),
    ("day, month, short year", "20/11/26 14:02:03 INFO started"),
    ("German, short year", "20.11.26 14:02:03 Dienst gestartet"),
    ("six digits from the day on", "201126 140203 started"),
    ("six digits from the month on", "112026 14:02:03 started"),
    (
        ".NET of 24 hours with a mark",
        "11/20/2026 14:02:03 PM Service started",
    ),
    (
        "klog",
        "I1120 14:02:03.000000       1 controller.go:7] synced",
    ),
    ("Spark", "26/11/20 14:02:03 INFO Executor: Running task 1.0"),
    ("HDFS", "261120 140203 71 INFO dfs.DataNode: received block"),
    (
        "HealthApp",
        "20261120-14:02:03:000|Step_LSC|71|onStandStepChanged",
    ),
    ("compact", "20261120T130203Z store opened"),
    (
        "Android",
        "11-20 14:02:03.000  1702  2395 D WindowManager: printFreezing",
    ),
    ("epoch", "1795179723 node-1 started"),
    (
        "epoch behind a mark",
        "- 1795179723 2026.11.20 R02-M1 RAS KERNEL INFO corrected",
    ),
    (
        "epoch behind words",
        "134681 node-246 unix.hw state_change 1795179723 1 component",
    ),
    ("Squid", "1795179723.000    100 10.0.0.5 TCP_MISS/200 5 GET"),
    (
        "audit",
        "type=SYSCALL msg=audit(1795179723.000:456): arch=c000003e",
    ),
    ("epoch in milliseconds", "[1795179723000] started"),
    ("dmesg", "[18123.000000] usb 1-1: new device"),
    ("dmesg -T", "[Fri Nov 20 14:02:03 2026] usb 1-1: new device"),
    (
        "logfmt",
        "level=info ts=2026-11-20T13:02:03.000Z caller=main.go:7 msg=started",
    ),
    (
        "logfmt, quoted",
        "time=\"2026-11-20T14:02:03+01:00\" level=info msg=\"at 2020-01-01 00:00:00\"",
    ),
    ("CSV", "node-1,2026-11-20 14:02:03,started"),
    (
        "Windows event",
        "<Event><System><TimeCreated SystemTime=\"2026-11-20T13:02:03.000Z\"/>",
    ),
];

/// The same in JSON lines.
const JSON: [&str; 10] = [
    r#"{"level":"info","ts":1795179723.0,"msg":"started"}"#,
    r#"{"ts":"2026-11-20T13:02:03.000Z","msg":"started"}"#,
    r#"{"time": "2026-11-20T14:02:03+01:00", "level": "INFO"}"#,
    r#"{"log":{"level":"info","file":{"line":7}},"@timestamp":"2026-11-20T13:02:03.000Z"}"#,
    r#"{"timestamp":1795179723000,"message":"x"}"#,
    r#"{"eventTime":"2026-11-20T13:02:03Z","eventName":"Put"}"#,
    r#"{"t":{"$date":"2026-11-20T14:02:03.000+01:00"},"s":"I","c":"NETWORK"}"#,
    r#"{"msg":"said \"time\":\"2020-01-01T00:00:00Z\" then","time":"2026-11-20T13:02:03Z"}"#,
    r#"{"instant":{"epochSecond":1795179723,"nanoOfSecond":0},"level":"INFO"}"#,
    r#"{"__REALTIME_TIMESTAMP":"1795179723000000","MESSAGE":"x"}"#,
];

#[test]
fn every_usual_log_is_dated() {
    let expected = utc("2026-11-20T13:02:03Z");
    for (name, line) in LINES.iter().copied().chain(JSON.map(|line| ("JSON", line))) {
        for ending in ["", "\n", "\r\n"] {
            let log = format!("{line}{ending}");
            let mut dater = taught(&log, None);
            assert_eq!(at(&mut dater, &log), Some(expected), "{name}: {line}");
        }
        // a stack trace changes nothing
        let trace = "java.lang.IllegalStateException: torn\n\tat com.contoso.Store.open(Store.java:7)\n  \
                     at 2026-01-01 00:00:00 it was whole\nCaused by: torn since 2021-01-01 10:00:00\n";
        let mut dater = taught(&format!("{line}\n{line}\n{trace}{line}\n{line}\n"), None);
        assert_eq!(at(&mut dater, line), Some(expected), "{name}: {line}");
        for line in trace.lines() {
            assert_eq!(at(&mut dater, line), None, "{name}: {line}");
        }
    }
}

#[test]
fn files_of_the_w3c_s_format_are_of_utc() {
    let log = "#Software: Microsoft Internet Information Services 10.0\n\
               #Date: 2026-11-20 13:00:00\n#Fields: date time s-ip cs-method\n\
               2026-11-20 13:02:03 10.0.0.5 GET\n";
    let mut dater = taught(log, None);
    let dated: Vec<_> = log.lines().map(|line| at(&mut dater, line)).collect();
    assert_eq!(dated, [None, None, None, Some(utc("2026-11-20T13:02:03Z"))]);
}

#[test]
fn apt_s_history_is_dated_by_its_first_and_last_lines() {
    let log = "\nStart-Date: 2026-11-20  14:02:03\nCommandline: apt-get install -y zstd\n\
               Requested-By: olga (1000)\nInstall: zstd:amd64 (1.5.4), libzstd1:amd64 (1.5.4, automatic)\n\
               End-Date: 2026-11-20  14:02:09\n";
    let mut dater = taught(&log.repeat(3), None);
    let dated: Vec<_> = log.lines().map(|line| at(&mut dater, line)).collect();
    let (start, end) = (utc("2026-11-20T13:02:03Z"), utc("2026-11-20T13:02:09Z"));
    assert_eq!(dated, [None, Some(start), None, None, None, Some(end)]);
}

#[test]
fn slow_queries_of_mysql_are_dated_by_their_first_line() {
    let query = "# Time: 2026-11-20T13:02:03.000000Z\n# User@Host: joe[joe] @ localhost []  Id: 7\n\
                 # Query_time: 2.5  Lock_time: 0.0\nSET timestamp=1795179723;\nSELECT 1;\n";
    let mut dater = taught(&query.repeat(9), None);
    let dated: Vec<_> = query.lines().map(|line| at(&mut dater, line)).collect();
    let expected = Some(utc("2026-11-20T13:02:03Z"));
    assert_eq!(dated, [expected, None, None, expected, None]);
}

#[test]
fn several_programs_write_to_one_file() {
    let (iso, syslog) = ("2026-11-20 14:02:03 a", "Nov 20 14:02:03 node b");
    let (access, klog) = (
        "10.0.0.5 - - [20/Nov/2026:14:02:03 +0100] c",
        "W1120 14:02:03.000000 1 x.go:7] d",
    );
    let expected = Some(utc("2026-11-20T13:02:03Z"));
    let mut dater = taught(
        &format!("{iso}\n{syslog}\n{access}\n{klog}\n").repeat(9),
        None,
    );
    for line in [iso, syslog, access, klog, iso] {
        assert_eq!(at(&mut dater, line), expected, "{line}");
    }
    // one that begins after the samples is known by its look, at the start of a line alone
    let mut dater = taught(&format!("{iso}\n").repeat(9), None);
    for (line, expected) in [(syslog, expected), (access, None), (klog, None)] {
        assert_eq!(at(&mut dater, line), expected, "{line}");
    }
    // unless a further sample shows it
    dater.learn(format!("{access}\n").repeat(99).as_bytes());
    assert_eq!(at(&mut dater, access), expected);
}

#[test]
fn a_date_elsewhere_begins_no_record() {
    let record = "INFO 2026-11-20 14:02:03 restored as of 2020-01-01 00:00:00";
    let table = "2020-01-01 00:00:00 | 7 rows";
    let log = format!(
        "{}{table}\nnext run at 2027-01-01 00:00:00\n",
        format!("{record}\n").repeat(30)
    );
    let mut dater = taught(&log, None);
    assert_eq!(at(&mut dater, record), Some(utc("2026-11-20T13:02:03Z")));
    assert_eq!(at(&mut dater, table), None);
    assert_eq!(at(&mut dater, "next run at 2027-01-01 00:00:00"), None);
}

#[test]
fn numbers_alone_are_no_stamps() {
    let log = "serial 1795179723\n".to_owned()
        + &"total 5\nMemTotal:       16318412 kB\nuuid 20261120 140203\n".repeat(20);
    let mut dater = taught(&log, None);
    for line in log.lines() {
        assert_eq!(at(&mut dater, line), None, "{line}");
    }
}

#[test]
fn the_order_of_a_date_in_numbers_is_the_files() {
    let line = "03/11/2026 14:02:03 x";
    let november = Some(utc("2026-11-03T13:02:03Z"));
    let march = Some(utc("2026-03-11T13:02:03Z"));
    assert_eq!(
        at(
            &mut taught(&format!("{line}\n20/10/2026 10:00:00 x\n"), None),
            line
        ),
        november
    );
    assert_eq!(
        at(
            &mut taught(&format!("{line}\n10/20/2026 10:00:00 x\n"), None),
            line
        ),
        march
    );
    // without evidence: the one nearer to the last write
    assert_eq!(at(&mut taught(line, None), line), november);
    assert_eq!(at(&mut taught(line, Some("month_day_year")), line), march);
}

#[test]
fn years_of_two_digits_are_near_the_last_write_in_any_order() {
    let november = Some(utc("2026-11-10T13:02:03Z"));
    for (line, others) in [
        ("26/11/10 14:02:03 x", "26/10/09 10:00:00 x"),
        ("11/10/26 14:02:03 x", "10/09/26 10:00:00 x"),
        (
            "10/11/26 14:02:03 x",
            "09/10/26 10:00:00 x\n31/10/26 10:00:00 x",
        ),
        ("10.11.26 14:02:03 x", "31.10.26 10:00:00 x"),
        ("261110 14:02:03 x", "261009 140203 x"),
        ("101126 140203 x", "311026 140203 x"),
        (
            "x {\"time\":\"10/11/26 14:02:03\"}",
            "x {\"time\":\"31/10/26 14:02:03\"}",
        ),
    ] {
        let mut dater = taught(&format!("{others}\n{line}\n"), None);
        assert_eq!(at(&mut dater, line), november, "{line}");
        for other in others.lines() {
            let dated = at(&mut dater, other).expect("dated");
            assert!(utc("2026-10-01T00:00:00Z") < dated, "{other}: {dated}");
        }
    }
}
