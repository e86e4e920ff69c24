//! Milenage, the functions f1 to f5 of 3GPP TS 35.206 with its standard constants.

use aes::Aes128;
use aes::cipher::{Block, BlockCipherEncrypt as _, KeyInit as _};

/// A subscriber's key and operator code, ready for use.
#[derive(Clone)]
pub(super) struct Milenage {
    key: Aes128,
    opc: [u8; 16],
}

/// What f2 to f5 give for a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Vector {
    /// f2.
    pub(super) res: [u8; 8],
    /// f3.
    pub(super) ck: [u8; 16],
    /// f4.
    pub(super) ik: [u8; 16],
    /// f5.
    pub(super) ak: [u8; 6],
}

/// The two halves of OUT1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Macs {
    /// f1: MAC-A.
    pub(super) network: [u8; 8],
    /// f1*: MAC-S.
    pub(super) resynchronisation: [u8; 8],
}

impl Milenage {
    /// With OP, the code that all subscribers of an operator share.
    pub(super) fn with_op(k: &[u8; 16], op: &[u8; 16]) -> Milenage {
        let mut milenage = Milenage::with_opc(k, &[0; 16]);
        milenage.opc = xor(milenage.encrypt(*op), op);
        milenage
    }

    /// With OPc, which holds the subscriber's key already.
    pub(super) fn with_opc(k: &[u8; 16], opc: &[u8; 16]) -> Milenage {
        Milenage { key: Aes128::new(&(*k).into()), opc: *opc }
    }

    /// f1 and f1*.
    pub(super) fn macs(&self, rand: &[u8; 16], sqn: &[u8; 6], amf: &[u8; 2]) -> Macs {
        let mut input = [0; 16];
        for half in [0, 8] {
            input[half..half + 6].copy_from_slice(sqn);
            input[half + 6..half + 8].copy_from_slice(amf);
        }
        let rotated = rotate(xor(input, &self.opc), 8);
        let out = xor(self.encrypt(xor(self.temp(rand), &rotated)), &self.opc);
        Macs { network: part(&out, 0), resynchronisation: part(&out, 8) }
    }

    /// f2, f3, f4 and f5.
    pub(super) fn vector(&self, rand: &[u8; 16]) -> Vector {
        let temp = self.temp(rand);
        let second = self.out(temp, 0, 1);
        Vector {
            res: part(&second, 8),
            ck: self.out(temp, 4, 2),
            ik: self.out(temp, 8, 4),
            ak: part(&second, 0),
        }
    }

    /// f5*.
    pub(super) fn resynchronisation_ak(&self, rand: &[u8; 16]) -> [u8; 6] {
        part(&self.out(self.temp(rand), 12, 8), 0)
    }

    fn temp(&self, rand: &[u8; 16]) -> [u8; 16] {
        self.encrypt(xor(*rand, &self.opc))
    }

    /// OUT2 to OUT5: rotated by so many bytes, with this constant.
    fn out(&self, temp: [u8; 16], rotation: usize, constant: u8) -> [u8; 16] {
        let mut input = rotate(xor(temp, &self.opc), rotation);
        input[15] ^= constant;
        xor(self.encrypt(input), &self.opc)
    }

    fn encrypt(&self, text: [u8; 16]) -> [u8; 16] {
        let mut block = Block::<Aes128>::from(text);
        self.key.encrypt_block(&mut block);
        block.into()
    }
}

fn xor(mut one: [u8; 16], other: &[u8; 16]) -> [u8; 16] {
    for (byte, with) in one.iter_mut().zip(other) {
        *byte ^= with;
    }
    one
}

/// Towards the most significant bit, which is the first.
fn rotate(mut block: [u8; 16], bytes: usize) -> [u8; 16] {
    block.rotate_left(bytes);
    block
}

fn part<const N: usize>(block: &[u8; 16], from: usize) -> [u8; N] {
    std::array::from_fn(|at| block[from + at])
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        assert_eq!(hex.len(), 2 * N);
        std::array::from_fn(|at| {
            u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hexadecimal digits")
        })
    }

    struct Set {
        k: &'static str,
        rand: &'static str,
        sqn: &'static str,
        amf: &'static str,
        op: &'static str,
        opc: &'static str,
        f1: &'static str,
        f1_star: &'static str,
        f2: &'static str,
        f3: &'static str,
        f4: &'static str,
        f5: &'static str,
        f5_star: &'static str,
    }

    /// Test sets 1 to 5 of TS 35.207 and TS 35.208.
    const SETS: [Set; 5] = [
        Set {
            k: "465b5ce8b199b49faa5f0a2ee238a6bc",
            rand: "23553cbe9637a89d218ae64dae47bf35",
            sqn: "ff9bb4d0b607",
            amf: "b9b9",
            op: "cdc202d5123e20f62b6d676ac72cb318",
            opc: "cd63cb71954a9f4e48a5994e37a02baf",
            f1: "4a9ffac354dfafb3",
            f1_star: "01cfaf9ec4e871e9",
            f2: "a54211d5e3ba50bf",
            f3: "b40ba9a3c58b2a05bbf0d987b21bf8cb",
            f4: "f769bcd751044604127672711c6d3441",
            f5: "aa689c648370",
            f5_star: "451e8beca43b",
        },
        Set {
            k: "0396eb317b6d1c36f19c1c84cd6ffd16",
            rand: "c00d603103dcee52c4478119494202e8",
            sqn: "fd8eef40df7d",
            amf: "af17",
            op: "ff53bade17df5d4e793073ce9d7579fa",
            opc: "53c15671c60a4b731c55b4a441c0bde2",
            f1: "5df5b31807e258b0",
            f1_star: "a8c016e51ef4a343",
            f2: "d3a628ed988620f0",
            f3: "58c433ff7a7082acd424220f2b67c556",
            f4: "21a8c1f929702adb3e738488b9f5c5da",
            f5: "c47783995f72",
            f5_star: "30f1197061c1",
        },
        Set {
            k: "fec86ba6eb707ed08905757b1bb44b8f",
            rand: "9f7c8d021accf4db213ccff0c7f71a6a",
            sqn: "9d0277595ffc",
            amf: "725c",
            op: "dbc59adcb6f9a0ef735477b7fadf8374",
            opc: "1006020f0a478bf6b699f15c062e42b3",
            f1: "9cabc3e99baf7281",
            f1_star: "95814ba2b3044324",
            f2: "8011c48c0c214ed2",
            f3: "5dbdbb2954e8f3cde665b046179a5098",
            f4: "59a92d3b476a0443487055cf88b2307b",
            f5: "33484dc2136b",
            f5_star: "deacdd848cc6",
        },
        Set {
            k: "9e5944aea94b81165c82fbf9f32db751",
            rand: "ce83dbc54ac0274a157c17f80d017bd6",
            sqn: "0b604a81eca8",
            amf: "9e09",
            op: "223014c5806694c007ca1eeef57f004f",
            opc: "a64a507ae1a2a98bb88eb4210135dc87",
            f1: "74a58220cba84c49",
            f1_star: "ac2cc74a96871837",
            f2: "f365cd683cd92e96",
            f3: "e203edb3971574f5a94b0d61b816345d",
            f4: "0c4524adeac041c4dd830d20854fc46b",
            f5: "f0b9c08ad02e",
            f5_star: "6085a86c6f63",
        },
        Set {
            k: "4ab1deb05ca6ceb051fc98e77d026a84",
            rand: "74b0cd6031a1c8339b2b6ce2b8c4a186",
            sqn: "e880a1b580b6",
            amf: "9f07",
            op: "2d16c5cd1fdf6b22383584e3bef2a8d8",
            opc: "dcf07cbd51855290b92a07a9891e523e",
            f1: "49e785dd12626ef2",
            f1_star: "9e85790336bb3fa2",
            f2: "5860fc1bce351e7e",
            f3: "7657766b373d1c2138f307e3de9242f9",
            f4: "1c42e960d89b8fa99f2744e0708ccb53",
            f5: "31e11a609118",
            f5_star: "fe2555e54aa9",
        },
    ];

    #[test]
    fn test_sets_of_ts_35_208() {
        for set in &SETS {
            let k = bytes(set.k);
            let milenage = Milenage::with_op(&k, &bytes(set.op));
            assert_eq!(milenage.opc, bytes(set.opc));
            let rand = bytes(set.rand);
            for milenage in [milenage, Milenage::with_opc(&k, &bytes(set.opc))] {
                let macs = milenage.macs(&rand, &bytes(set.sqn), &bytes(set.amf));
                assert_eq!(macs, Macs { network: bytes(set.f1), resynchronisation: bytes(set.f1_star) });
                let vector =
                    Vector { res: bytes(set.f2), ck: bytes(set.f3), ik: bytes(set.f4), ak: bytes(set.f5) };
                assert_eq!(milenage.vector(&rand), vector);
                assert_eq!(milenage.resynchronisation_ak(&rand), bytes(set.f5_star));
            }
        }
    }
}
