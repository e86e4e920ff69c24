use busyhour_wire::rtp::Header;

use super::*;
use crate::capture::Capture;

/// Power of a frequency in samples, as a part of all power.
fn share(samples: &[i16], hz: f64, rate: u32) -> f64 {
    let (mut real, mut imaginary, mut power) = (0.0, 0.0, 0.0);
    for (n, &sample) in samples.iter().enumerate() {
        let (sine, cosine) = (std::f64::consts::TAU * hz * n as f64 / f64::from(rate)).sin_cos();
        real += f64::from(sample) * cosine;
        imaginary += f64::from(sample) * sine;
        power += f64::from(sample).powi(2);
    }
    2.0 * (real * real + imaginary * imaginary) / (power * samples.len() as f64)
}

fn level_dbm0(samples: &[i16]) -> f64 {
    let power = samples.iter().map(|&sample| f64::from(sample).powi(2)).sum::<f64>() / samples.len() as f64;
    10.0 * power.log10() - 10.0 * (ZERO_DBM0.powi(2) / 2.0).log10()
}

#[test]
fn tones_have_their_level_and_frequency() {
    let samples = tone(1000.0, -10.0, 500, 8000);
    assert_eq!(samples.len(), 4000);
    assert!((level_dbm0(&samples) + 10.0).abs() < 0.05);
    assert!(share(&samples, 1000.0, 8000) > 0.999);
    assert!((level_dbm0(&tone(1000.0, 3.0, 500, 8000)) - 3.0).abs() < 0.05);
}

#[test]
fn digits_are_pairs_of_tones() {
    let samples = digits_inband("5#", 100, 8000);
    assert_eq!(samples.len(), 3200);
    assert!(share(&samples[..800], 770.0, 8000) > 0.4 && share(&samples[..800], 1336.0, 8000) > 0.4);
    assert!(samples[800..1600].iter().all(|&sample| sample == 0));
    assert!(
        share(&samples[1600..2400], 941.0, 8000) > 0.4 && share(&samples[1600..2400], 1477.0, 8000) > 0.4
    );
}

#[test]
fn speech_is_the_same_for_a_seed_and_as_loud_as_it_says() {
    let samples = speech(1, 10_000, 8000);
    assert_eq!(samples.len(), 80_000);
    assert_eq!(samples, speech(1, 10_000, 8000));
    assert_ne!(samples, speech(2, 10_000, 8000));
    let level = level_dbm0(&samples);
    assert!((-24.0..-19.0).contains(&level), "{level}");
    // Pauses are there, and nothing is cut at full scale for long.
    assert!(samples.chunks(800).any(|block| block.iter().all(|&sample| sample == 0)));
    assert!(samples.iter().filter(|sample| sample.unsigned_abs() >= 32_767).count() < 80);
    assert_eq!(speech(3, 0, 8000), []);
}

#[test]
fn a_digit_is_ten_packets() {
    let capture = Capture::parse(&digit_capture("1", 96), "digit.pcap").expect("a capture");
    assert_eq!(capture.packets.len(), 10);
    let (header, payload) = Header::parse(capture.payload(&capture.packets[9])).expect("RTP");
    assert_eq!((header.payload_type, payload), (96, &[1, 0x8a, 4, 0x60][..]));
    assert_eq!(Capture::parse(&digit_capture("12#", 101), "x").map(|capture| capture.packets.len()), Ok(30));
}

#[test]
fn waves_are_read_by_others() {
    let samples = tone(440.0, -6.0, 20, 8000);
    let file = write_wav(&samples, 1, 8000);
    let reader = hound::WavReader::new(&file[..]).expect("a WAV file");
    assert_eq!(reader.into_samples::<i16>().collect::<Result<Vec<_>, _>>().expect("samples"), samples);
    assert!(write_wav(&samples, 0, 8000).is_empty());
}

#[test]
fn examples_are_what_they_say() {
    for (name, _) in EXAMPLES {
        let file = example_file(name).expect(name);
        if name.ends_with(".pcap") {
            let capture = Capture::parse(&file, name).expect(name);
            assert_eq!(capture.skipped.note(), None);
        } else {
            assert!(hound::WavReader::new(&file[..]).is_ok());
        }
    }
    for name in ["dtmf_2833_pound.pcap", "dtmf_2833_star.pcap", "dtmf_2833_d.pcap"] {
        assert!(example_file(name).is_some());
    }
    for name in ["dtmf_2833_x.pcap", "dtmf_2833_.pcap", "dtmf_2833_12.pcap", "g729.pcap", ""] {
        assert_eq!(example_file(name), None);
    }
}
