use super::{fuzz_files, fuzz_mutate};

const TEXT: &str =
    "global_defs {\n    router_id a\n}\nvrrp_instance V {\n    interface eth0\n    virtual_router_id 1\n}\n";

#[test]
fn the_same_seed_makes_the_same_text() {
    assert_eq!(fuzz_mutate(TEXT.as_bytes(), 7, 4096), fuzz_mutate(TEXT.as_bytes(), 7, 4096));
}

#[test]
fn a_changed_text_stays_within_its_limit() {
    for seed in 0..200 {
        assert!(fuzz_mutate(TEXT.as_bytes(), seed, 100).len() <= 100);
    }
}

#[test]
fn texts_that_grow_out_of_one_another_are_read_to_the_end() {
    for start in 0..10 {
        let mut text = TEXT.as_bytes().to_vec();
        for step in 0..25 {
            text = fuzz_mutate(&text, start * 1000 + step, 4096);
            (0..3).for_each(|look| fuzz_files(&text, look));
        }
    }
}

#[test]
fn the_marks_part_a_text_into_files() {
    let parts = super::parted("include a\n--- a\nvrrp_script s {\n}\n");
    assert_eq!(super::read(&super::in_memory(&parts)).sources.files(), 2);
}
