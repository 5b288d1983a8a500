//! What instances track, in words. Nobody reads files or counts processes in a simulation: names are all there is.

use std::fmt::{self, Write};

use host::{Command, LinkName};
use vrrp::Config;
use vrrp::config::{
    FileConfig, InstanceConfig, LinkDelay, PolledLink, ProcessConfig, ProcessMatch, ScriptConfig, TrackFile,
    TrackLink, TrackNamed, TrackScript, Weight,
};

use super::Why;
use super::read::duration;

/// Enters a file.
pub(crate) fn file(config: &mut Config, name: &str) {
    if !config.files.iter().any(|file| file.name == name) {
        config.files.push(FileConfig { name: name.to_owned(), path: format!("/{name}"), init: None });
    }
}

/// Enters a set of processes.
pub(crate) fn processes(config: &mut Config, name: &str) {
    if !config.processes.iter().any(|set| set.name == name) {
        config.processes.push(ProcessConfig {
            name: name.to_owned(),
            process: name.to_owned(),
            matching: ProcessMatch::Name,
            quorum: (1, u32::MAX),
            terminate_delay: std::time::Duration::ZERO,
            fork_delay: std::time::Duration::ZERO,
        });
    }
}

/// Obeys one word about what is tracked.
pub(super) fn apply(it: &mut InstanceConfig, config: &mut Config, word: &str) -> Result<(), Why> {
    let bad = || Why::BadValue(word.to_owned());
    let Some((key, value)) = word.split_once('=') else { return Err(Why::UnknownWord(word.to_owned())) };
    let link = |name| LinkName::new(name).map_err(|_| bad());
    let named = || value.split_once('/').ok_or_else(bad);
    match key {
        "track_link" => {
            let (name, weight) = named()?;
            it.track_links.push(TrackLink { link: link(name)?, weight: weight_of(weight)? });
        }
        "track_file" => {
            let (name, weight) = named()?;
            let (weight, reverse) = reversed(weight);
            let weight = weight.parse().map_err(|_| bad())?;
            it.track_files.push(TrackFile { file: name.to_owned(), weight, reverse });
            file(config, name);
        }
        "track_processes" => {
            let (name, weight) = named()?;
            it.track_processes.push(TrackNamed { name: name.to_owned(), weight: weight_of(weight)? });
            processes(config, name);
        }
        "track_bfd" => {
            let (name, weight) = named()?;
            it.track_bfds.push(TrackNamed { name: name.to_owned(), weight: weight_of(weight)? });
        }
        "script" => {
            let (track, script) = script(value)?;
            config.scripts.retain(|known| known.name != script.name);
            config.scripts.push(script);
            it.track_scripts.push(track);
        }
        "link_delay" => match value.split('/').collect::<Vec<_>>()[..] {
            [name, down, up] => {
                let (down, up) = (duration(down)?, duration(up)?);
                config.link_delays.push(LinkDelay { link: link(name)?, down, up });
            }
            _ => return Err(bad()),
        },
        "polled" => config.polled_links.push(PolledLink { link: link(value)?, method: None }),
        _ => return Err(Why::UnknownWord(word.to_owned())),
    }
    Ok(())
}

/// `NAME/WEIGHT/INTERVAL/FALL/RISE`, and `/init_fail` if it counts as failed at first. The command is the name.
fn script(value: &str) -> Result<(TrackScript, ScriptConfig), Why> {
    let bad = || Why::BadValue(value.to_owned());
    let parts: Vec<&str> = value.split('/').collect();
    let (name, weight, interval, fall, rise, starts_failed) = match parts[..] {
        [name, weight, interval, fall, rise] => (name, weight, interval, fall, rise, false),
        [name, weight, interval, fall, rise, "init_fail"] => (name, weight, interval, fall, rise, true),
        _ => return Err(bad()),
    };
    let interval = duration(interval)?;
    let track = TrackScript { script: name.to_owned(), weight: weight_of(weight)? };
    let script = ScriptConfig {
        name: name.to_owned(),
        command: Command { argv: vec![name.to_owned()], account: None },
        interval,
        timeout: interval,
        rise: rise.parse().map_err(|_| bad())?,
        fall: fall.parse().map_err(|_| bad())?,
        starts_failed,
    };
    Ok((track, script))
}

/// A number of points, or 0 for a fault; with an `r` behind it good and bad change places.
fn weight_of(text: &str) -> Result<Weight, Why> {
    let (points, reverse) = reversed(text);
    match points.parse::<i16>() {
        Ok(0) => Ok(Weight::Fault { reverse }),
        Ok(points @ -253..=253) => Ok(Weight::Points { points, reverse }),
        Ok(_) | Err(_) => Err(Why::BadValue(text.to_owned())),
    }
}

fn reversed(text: &str) -> (&str, bool) {
    text.strip_suffix('r').map_or((text, false), |number| (number, true))
}

/// The words from which [`apply`] makes what an instance tracks.
pub(super) fn write(out: &mut String, it: &InstanceConfig, config: &Config) -> fmt::Result {
    for track in &it.track_links {
        write!(out, " track_link={}/{}", track.link, points(track.weight))?;
    }
    for track in &it.track_files {
        write!(out, " track_file={}/{}{}", track.file, track.weight, if track.reverse { "r" } else { "" })?;
    }
    for track in &it.track_processes {
        write!(out, " track_processes={}/{}", track.name, points(track.weight))?;
    }
    for track in &it.track_bfds {
        write!(out, " track_bfd={}/{}", track.name, points(track.weight))?;
    }
    for track in &it.track_scripts {
        if let Some(script) = config.scripts.iter().find(|script| script.name == track.script) {
            let ScriptConfig { name, interval, fall, rise, starts_failed, .. } = script;
            write!(out, " script={name}/{}/{interval:?}/{fall}/{rise}", points(track.weight))?;
            out.push_str(if *starts_failed { "/init_fail" } else { "" });
        }
    }
    Ok(())
}

/// The words for links that count late, or are asked for their carriers.
pub(super) fn write_links(out: &mut String, config: &Config) -> fmt::Result {
    for LinkDelay { link, down, up } in &config.link_delays {
        write!(out, " link_delay={link}/{down:?}/{up:?}")?;
    }
    for polled in &config.polled_links {
        write!(out, " polled={}", polled.link)?;
    }
    Ok(())
}

fn points(weight: Weight) -> String {
    let (points, reverse) = match weight {
        Weight::Fault { reverse } => (0, reverse),
        Weight::Points { points, reverse } => (points, reverse),
    };
    format!("{points}{}", if reverse { "r" } else { "" })
}
