//! What the demo says between its commands, in English and French.

use crate::model::Language;

/// The demo's own words. `{}` are filled in turn.
pub(super) struct Script {
    /// Place, accounts, dossiers, dependent rows, files, program.
    pub opening: &'static str,
    pub check: &'static str,
    pub hold: &'static str,
    pub plan: &'static str,
    pub approve: &'static str,
    pub apply: &'static str,
    pub verify: &'static str,
    pub cases: &'static str,
    /// Place, program.
    pub again: &'static str,
    pub plans: &'static str,
    pub holds: &'static str,
    pub log: &'static str,
    /// Why a rail is to be expected here, by its name; the last stands for any other.
    pub rails: [(&'static str, &'static str); 6],
    /// Place.
    pub lies: &'static str,
    /// What lies in the demo's directory, by name.
    pub things: [(&'static str, &'static str); 7],
    pub next: &'static str,
}

impl Script {
    pub(super) fn of(language: Option<Language>) -> &'static Self {
        match language {
            Some(Language::French) => &FR,
            Some(Language::English) | None => &EN,
        }
    }
}

const EN: Script = Script {
    opening: "A sample organization: the Office de la protection du consommateur and its service Parle consommation. Made in {}: \
              {} accounts, {} dossiers, their {} messages, notes, consents and documents, and the documents' {} files. \
              Everybody is invented; dates count back from today.\n\
              Its calendar promises: a dossier is destroyed one year after its closure, an account 24 months after its last \
              use. Below, `retentiond` stands for",
    check: "1. Is everything in order? `check` proves the calendar and the configuration against the database.",
    hold: "2. One dossier is before the court: a hold keeps it, whatever the calendar says.",
    plan: "3. What is due? `plan` is a dry run: it touches nothing.",
    approve: "4. A person looks at the plan and approves it.",
    apply: "5. `apply` destroys what was approved: records, dependent rows and files, each with its evidence first.",
    verify: "6. Anyone can verify the destruction log, without the database and without trusting us.",
    cases: "7. What became of some records worth a look.",
    again: "A demo is already in {}: it is shown as it stands, and nothing in it is changed. For a fresh one, remove that \
            directory or choose another with --dir. Below, `retentiond` stands for",
    plans: "Plans made, and where each stands",
    holds: "Holds in force",
    log: "The destruction log",
    rails: [
        ("share", "a first run meets all that has waited; later ones are small"),
        ("rules", "nobody has approved these rules here before; it asks again only when they change"),
        ("mapping", "nobody has approved what these columns mean before; it asks again only when that changes"),
        ("backlog", "some terms passed before the calendar was approved; in real life, ask the archivist first"),
        ("count", "the number is large; look at the plan before you name this one"),
        ("", "look at the plan before you name this one"),
    ],
    lies: "What lies where in {}",
    things: [
        ("retentiond.toml", "the configuration: where the records are"),
        ("opc-parle-consommation.toml", "the calendar: what is kept, how long, then what"),
        ("application/", "the sample application's database and documents"),
        ("state/audit/", "the destruction log; no personal information"),
        ("state/audit/vkey", "its verifier key, for the auditor"),
        ("state/plans/", "plans, as they were approved"),
        ("state/private/", "keys, reasons, lists of records: for this user only"),
    ],
    next: "Try next",
};

const FR: Script = Script {
    opening: "Un organisme d'exemple\u{a0}: l'Office de la protection du consommateur et son service Parle consommation. Créé dans {}\u{a0}: \
              {} comptes, {} dossiers, leurs {} messages, notes, consentements et documents, et les {} fichiers des documents. \
              Toutes les personnes sont inventées; les dates se comptent à partir d'aujourd'hui.\n\
              Son calendrier promet\u{a0}: un dossier est détruit un an après sa fermeture, un compte 24 mois après sa dernière \
              utilisation. Ci-dessous, `retentiond` veut dire",
    check: "1. Tout est-il en ordre? `check` confronte le calendrier et la configuration à la base.",
    hold: "2. Un dossier est devant le tribunal\u{a0}: une suspension le conserve, quoi que dise le calendrier.",
    plan: "3. Qu'est-ce qui est échu? `plan` est un essai à blanc\u{a0}: il ne touche à rien.",
    approve: "4. Une personne examine la liste et l'approuve.",
    apply: "5. `apply` détruit ce qui est approuvé\u{a0}: enregistrements, lignes qui en dépendent et fichiers, la preuve d'abord.",
    verify: "6. Chacun peut vérifier le registre de destruction, sans la base et sans nous croire sur parole.",
    cases: "7. Ce que sont devenus quelques enregistrements.",
    again: "Une démonstration est déjà dans {}\u{a0}: elle est montrée telle quelle, et rien n'y est changé. Pour une nouvelle, enlevez ce \
            répertoire ou choisissez-en un autre avec --dir. Ci-dessous, `retentiond` veut dire",
    plans: "Listes établies, et où en est chacune",
    holds: "Suspensions en vigueur",
    log: "Le registre de destruction",
    rails: [
        ("share", "une première exécution rencontre tout ce qui attendait; les suivantes sont petites"),
        ("rules", "personne n'a encore approuvé ces règles ici; la question ne revient que si elles changent"),
        ("mapping", "personne n'a encore approuvé le sens de ces colonnes; la question ne revient que s'il change"),
        (
            "backlog",
            "des termes ont passé avant l'approbation du calendrier; en réalité, consultez d'abord l'archiviste",
        ),
        ("count", "le nombre est grand; examinez la liste avant de nommer celui-ci"),
        ("", "examinez la liste avant de nommer celui-ci"),
    ],
    lies: "Où se trouve quoi dans {}",
    things: [
        ("retentiond.toml", "la configuration\u{a0}: où sont les enregistrements"),
        ("opc-parle-consommation.toml", "le calendrier\u{a0}: quoi conserver, combien de temps, et après"),
        ("application/", "la base et les documents de l'application d'exemple"),
        ("state/audit/", "le registre de destruction; sans renseignement personnel"),
        ("state/audit/vkey", "sa clé de vérification, pour l'auditeur"),
        ("state/plans/", "les listes, telles qu'approuvées"),
        ("state/private/", "clés, motifs, listes d'enregistrements\u{a0}: pour cet utilisateur seulement"),
    ],
    next: "À essayer ensuite",
};
