//! The harness itself: what the other tests take for granted.

use ewarong_tests::process::{Signal, is_alive, send_signal, wait_until};
use ewarong_tests::{Backend, Cluster, on_both_backends};
use std::time::Duration;

on_both_backends! {
    /// Two tests never see each other's rows.
    fn each_test_gets_an_empty_database_of_its_own(backend) {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        assert_ne!(backend.fresh_url(&here), backend.fresh_url(&there));
    }
}

#[test]
fn databases_of_the_shared_cluster_are_empty() {
    let dir = tempfile::tempdir().unwrap();
    let url = Backend::Postgres.fresh_url(&dir);
    let (_, database) = url.rsplit_once('/').unwrap();
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(Cluster::shared().sql(database, tables), "0");
}

#[test]
fn a_cluster_keeps_its_rows_over_crashes_and_leaves_nothing_behind() {
    let cluster = Cluster::start();
    assert_eq!(cluster.sql("postgres", "SHOW fsync"), "on");
    cluster.sql("postgres", "CREATE TABLE rows (n int); INSERT INTO rows VALUES (1)");
    cluster.kill9();
    cluster.restart();
    cluster.sql("postgres", "INSERT INTO rows VALUES (2)");
    cluster.stop_immediate();
    cluster.restart();
    assert_eq!(cluster.sql("postgres", "SELECT sum(n) FROM rows"), "3");

    let postmaster = cluster.postmaster_pid();
    let folder = cluster.dir().to_owned();
    drop(cluster);
    assert!(!is_alive(postmaster));
    assert!(!folder.exists());
}

#[test]
fn a_signal_reaches_its_process() {
    let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    assert!(is_alive(child.id()));
    send_signal(child.id(), Signal::Kill);
    assert!(wait_until(Duration::from_secs(5), || !is_alive(child.id())));
    child.wait().unwrap();
}
