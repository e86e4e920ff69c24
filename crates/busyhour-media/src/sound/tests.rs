use proptest::prelude::*;

use super::*;
use crate::generate;

fn form(encoding: &str) -> PacketForm {
    PacketForm::telephone(8, encoding)
}

fn made(file: &[u8], encoding: &str) -> Result<Vec<u8>, BadMedia> {
    Sound::parse(file.to_vec(), "s.wav", &form(encoding)).map(|sound| sound.bytes)
}

/// A WAV file with this format chunk and data chunk, as its header says or not.
fn wave(tag: u16, channels: u16, rate: u32, bits: u16, data: &[u8], stated: u32) -> Vec<u8> {
    let frame = channels * bits.div_ceil(8);
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0".to_vec();
    for short in [tag, channels, rate as u16, (rate >> 16) as u16, 0, 0, frame, bits] {
        file.extend_from_slice(&short.to_le_bytes());
    }
    file.extend_from_slice(b"data");
    file.extend_from_slice(&stated.to_le_bytes());
    file.extend_from_slice(data);
    file
}

fn whole(tag: u16, channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
    wave(tag, channels, rate, bits, data, data.len() as u32)
}

/// How far samples are from a tone that was resampled at most, past the ends.
fn error(bytes: &[u8], wanted: &[i16]) -> i32 {
    assert!(bytes.len().abs_diff(wanted.len()) <= 1, "{} for {}", bytes.len(), wanted.len());
    let edge = wanted.len() / 8;
    let wrong = |n: usize| (i32::from(g711::decode_alaw(bytes[n])) - i32::from(wanted[n])).abs();
    (edge..wanted.len() - edge).map(wrong).max().unwrap_or(0)
}

#[test]
fn every_width_gives_the_same_tone() {
    let tone = generate::tone(1000.0, -10.0, 200, 8000);
    let wide: Vec<i32> = tone.iter().map(|&sample| i32::from(sample) << 16).collect();
    let bytes = |width: usize| -> Vec<u8> {
        wide.iter().flat_map(|sample| sample.to_le_bytes()[4 - width..].to_vec()).collect()
    };
    let unsigned: Vec<u8> = tone.iter().map(|&sample| ((sample >> 8) + 128) as u8).collect();
    let float: Vec<u8> =
        tone.iter().flat_map(|&sample| (f32::from(sample) / 32_768.0).to_le_bytes()).collect();
    let double: Vec<u8> =
        tone.iter().flat_map(|&sample| (f64::from(sample) / 32_768.0).to_le_bytes()).collect();
    let ulaw: Vec<u8> = tone.iter().map(|&sample| g711::encode_ulaw(sample)).collect();
    let stereo: Vec<u8> = tone.iter().flat_map(|&sample| [sample.to_le_bytes(), [0; 2]].concat()).collect();
    let half: Vec<i16> = tone.iter().map(|&sample| sample / 2).collect();
    for (file, limit) in [
        (whole(1, 1, 8000, 8, &unsigned), 500),
        (whole(1, 1, 8000, 16, &bytes(2)), 260),
        (whole(1, 1, 8000, 24, &bytes(3)), 260),
        (whole(1, 1, 8000, 32, &bytes(4)), 260),
        (whole(3, 1, 8000, 32, &float), 260),
        (whole(3, 1, 8000, 64, &double), 260),
        (whole(7, 1, 8000, 8, &ulaw), 520),
    ] {
        let wrong = error(&made(&file, "PCMA").expect("a sound"), &tone);
        assert!(wrong <= limit, "{wrong}");
    }
    assert!(error(&made(&whole(1, 2, 8000, 16, &stereo), "PCMA").expect("a sound"), &half) <= 260);
}

#[test]
fn every_rate_gives_the_same_tone() {
    let wanted = generate::tone(1000.0, -10.0, 500, 8000);
    for rate in [8000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000, 12_345] {
        let file = generate::write_wav(&generate::tone(1000.0, -10.0, 500, rate), 1, rate);
        let wrong = error(&made(&file, "PCMA").expect("a sound"), &wanted);
        assert!(wrong <= 350, "{rate} Hz: {wrong}");
        assert_eq!(made(&file, "g722").expect("a sound").len().abs_diff(4000), 0, "{rate} Hz");
    }
}

#[test]
fn the_same_law_passes_as_it_is() {
    let data: Vec<u8> = (0..=255).collect();
    assert_eq!(made(&whole(6, 1, 8000, 8, &data), "PCMA"), Ok(data.clone()));
    assert_eq!(made(&whole(7, 1, 8000, 8, &data), "PCMU"), Ok(data.clone()));
    assert_ne!(made(&whole(7, 1, 8000, 8, &data), "PCMA"), Ok(data.clone()));
    assert_eq!(made(&whole(0x83, 1, 8000, 0, &data), "G729"), Ok(data.clone()));
    assert_eq!(made(&whole(0x28f, 1, 16_000, 8, &data), "G722"), Ok(data.clone()));
    assert_eq!(made(&data, "H264"), Ok(data));
}

#[test]
fn odd_headers_are_read() {
    let tone = generate::tone(1000.0, -10.0, 100, 8000);
    let data: Vec<u8> = tone.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let plain = whole(1, 1, 8000, 16, &data);
    let wanted = made(&plain, "PCMU");
    assert!(wanted.is_ok());
    for stated in [0, u32::MAX, 0x7fff_ffff] {
        assert_eq!(made(&wave(1, 1, 8000, 16, &data, stated), "PCMU"), wanted);
    }
    // Odd chunks before the data, padded and not; chunks behind it; the 64-bit form.
    let with = |chunk: &[u8]| [&plain[..36], chunk, &plain[36..], b"LIST\x04\0\0\0abcd"].concat();
    assert_eq!(made(&with(b"LIST\x03\0\0\0abc\0"), "PCMU"), wanted);
    assert_eq!(made(&with(b"LIST\x03\0\0\0abc"), "PCMU"), wanted);
    let mut big = wave(1, 1, 8000, 16, &data, u32::MAX);
    big[..4].copy_from_slice(b"RF64");
    assert_eq!(made(&big, "PCMU"), wanted);
    // The extensible form, and a frame size of 0.
    let mut long =
        b"RIFF\0\0\0\0WAVEfmt \x28\0\0\0\xfe\xff\x01\0\x40\x1f\0\0\0\0\0\0\x02\0\x10\0\x16\0\x10\0\x04\0\0\0"
            .to_vec();
    long.extend_from_slice(&[1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]);
    long.extend_from_slice(b"data\0\0\0\0");
    long.extend_from_slice(&data);
    assert_eq!(made(&long, "PCMU"), wanted);
    let mut frameless = plain;
    frameless[32..34].fill(0);
    assert_eq!(made(&frameless, "PCMU"), wanted);
}

#[test]
fn what_cannot_be_played_says_why() {
    let message = |file: &[u8], encoding| made(file, encoding).unwrap_err().what;
    let pcm = whole(1, 1, 8000, 16, &[0; 320]);
    assert!(message(&[], "PCMA").contains("an empty file"));
    assert!(message(&pcm, "G729").contains("cannot be made into G729"));
    assert!(message(&whole(0x11, 1, 8000, 4, &[0; 320]), "PCMA").contains("coding 0x0011"));
    assert!(
        message(&pcm[..pcm.len() - 2], "PCMA").contains("has 320 bytes by its header, but 318 are there")
    );
    assert!(
        message(&whole(1, 1, 8000, 16, &[0; 321]), "PCMA").contains("in the middle of a frame of 2 bytes")
    );
    assert!(message(&whole(1, 1, 8000, 16, &[]), "PCMA").contains("without any sound"));
    assert!(message(&whole(1, 0, 8000, 16, &[0; 2]), "PCMA").contains("0 channels"));
    assert!(message(&whole(1, 1, 3, 16, &[0; 2]), "PCMA").contains("3 Hz"));
    assert!(message(&whole(1, 1, 8000, 48, &[0; 6]), "PCMA").contains("samples of 6 bytes"));
    assert!(message(&pcm[..36], "PCMA").contains("without a data chunk"));
    assert!(message(b"RIFF\0\0\0\0WAVEdata\x02\0\0\0ab", "PCMA").contains("without a format chunk"));
    assert!(message(b"RIFF\0\0\0\0WAVEfmt \x02\0\0\0ab", "PCMA").contains("format chunk of 2 bytes"));
}

/// Format tags with widths, bits.
const KINDS: [(u16, u16); 9] =
    [(1, 8), (1, 16), (1, 24), (1, 32), (3, 32), (3, 64), (6, 8), (7, 8), (0xfffe, 16)];

proptest! {
    /// What hound reads, we read the same.
    #[test]
    fn as_hound_reads_it(samples in prop::collection::vec(any::<i16>(), 2..400), channels in 1_u16..3) {
        let file = generate::write_wav(&samples, channels, 8000);
        let reader = hound::WavReader::new(&file[..]).expect("a WAV file");
        let read: Vec<i16> = reader.into_samples().collect::<Result<_, _>>().expect("samples");
        let mix = |frame: &[i16]| {
            let sum: f32 = frame.iter().map(|&sample| f32::from(sample)).sum();
            g711::encode_alaw((sum / f32::from(channels)).round() as i16)
        };
        let wanted: Vec<u8> = read.chunks_exact(channels.into()).map(mix).collect();
        prop_assert_eq!(made(&file, "PCMA"), Ok(wanted));
    }

    #[test]
    fn changed_files_do_no_harm(
        changes in prop::collection::vec((0..60_usize, any::<u8>()), 0..6),
        data in prop::collection::vec(any::<u8>(), 0..200),
        cut in 0..80_usize,
        kind in prop::sample::select(KINDS.to_vec()),
        encoding in prop::sample::select(vec!["PCMA", "PCMU", "G722", "G729"]),
    ) {
        let mut file = whole(kind.0, 1, 8000, kind.1, &data);
        for (at, byte) in changes {
            let at = at % file.len();
            file[at] = byte;
        }
        file.truncate(file.len().saturating_sub(cut).max(1));
        // From 1000 Hz with a byte a sample to 8000: eight times as much at most, and what the filter rings.
        if let Ok(bytes) = made(&file, encoding) {
            prop_assert!(!bytes.is_empty() && bytes.len() <= file.len() * 8 + 8);
        }
    }
}
